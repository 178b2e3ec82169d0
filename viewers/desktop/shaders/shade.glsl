// The colour of surface points, formula by formula as `avatar.render.shade` has it.

const float PI = 3.14159265358979;
const float DIELECTRIC = 0.04;
const vec3 BLEED = vec3(0.32, 0.13, 0.07);
const float SMOOTH = 0.2;
const int MOST_LAMPS = 6;

uniform vec3 environment[9];
uniform float sheen;
uniform float mirrored;
uniform int lamp_count;
uniform vec3 lamp_direction[MOST_LAMPS];
uniform vec3 lamp_color[MOST_LAMPS];
uniform vec4 lamp_disc[MOST_LAMPS];  // of its radius: cosine, sine, cotangent, half the tangent
uniform bool lamp_glint[MOST_LAMPS];

struct Point {
    vec3 normal;
    vec3 smooth_normal;
    vec3 to_eye;
    float openness;
    vec3 albedo;
    float roughness;
    float metallic;
    bool bleeds;
};

struct Radiance {
    vec3 matte;
    vec3 gloss;
};

vec3 around(vec3 d) {
    vec3 sum = environment[0] + environment[1] * d.x + environment[2] * d.y
        + environment[3] * d.z + environment[4] * (d.x * d.y) + environment[5] * (d.y * d.z)
        + environment[6] * (3.0 * d.z * d.z - 1.0) + environment[7] * (d.x * d.z)
        + environment[8] * (d.x * d.x - d.y * d.y);
    return max(sum, 0.0);
}

// How much of a uniform environment the surface mirrors (fit by Karis 2014).
vec3 environment_gloss(float roughness, float cosine, vec3 head_on) {
    float first = 1.0 - roughness;
    float decay = min(first * first, exp2(-9.28 * cosine)) * first;
    decay += 0.0425 - 0.0275 * roughness;
    float scale = -1.04 * decay + 1.04 - 0.572 * roughness;
    float shift = 1.04 * decay - 0.04 + 0.022 * roughness;
    return clamp(head_on * scale + shift, 0.0, 1.0);
}

// The share of mirrored environment that is not occluded (Lagarde 2014).
float gloss_opening(Point point, float cosine) {
    float power = exp2(-16.0 * point.roughness * point.roughness - 1.0);
    return clamp(pow(cosine + point.openness, power) - 1.0 + point.openness, 0.0, 1.0);
}

// The light left under occlusion when walls of the same albedo reflect it (Jimenez 2016).
vec3 interreflected(float openness, vec3 albedo) {
    vec3 a = 2.0404 * albedo - 0.3324;
    vec3 b = -4.7951 * albedo + 0.6417;
    vec3 c = 2.7552 * albedo + 0.6903;
    return max(vec3(openness), ((openness * a + b) * openness + c) * openness);
}

// The unit vector towards the lamp's disc nearest to the mirror direction.
vec3 nearest_in_cone(vec3 mirror, vec3 direction, vec4 disc) {
    float along = dot(mirror, direction);
    vec3 aside = mirror - along * direction;
    float squared = max(dot(aside, aside), 1e-12);
    float inverse = inversesqrt(squared);
    vec3 rim = direction * disc.x + aside * (inverse * disc.y);
    return along > squared * inverse * disc.z ? mirror : rim;
}

// The GGX reflectance times pi for a round lamp (representative point, Karis 2013).
vec3 ggx(Point point, vec3 direction, vec4 disc, float cosine, vec3 mirror, vec3 head_on) {
    float sharp = max(point.roughness * point.roughness, 0.002);
    float widened = min(sharp + disc.w, 1.0);
    vec3 towards = nearest_in_cone(mirror, direction, disc);
    vec3 halfway = normalize(towards + point.to_eye);
    float incoming = clamp(dot(point.normal, towards), 1e-3, 1.0);
    float peak = clamp(dot(point.normal, halfway), 0.0, 1.0);
    float squared = sharp * sharp;
    float lobe = peak * peak * (squared - 1.0) + 1.0;
    float narrowing = sharp / widened;
    float distribution = squared / (lobe * lobe) * narrowing * narrowing;
    float smith = incoming * sqrt(cosine * cosine * (1.0 - squared) + squared);
    smith += cosine * sqrt(incoming * incoming * (1.0 - squared) + squared);
    float missing = 1.0 - clamp(dot(towards, halfway), 0.0, 1.0);
    float fresnel = missing * missing * missing * missing * missing;
    return (0.5 * distribution / smith) * (head_on + (1.0 - head_on) * fresnel);
}

// The cosine law per channel; in skin it wraps past the terminator, red the furthest.
vec3 lit_share(Point point, vec3 direction, float towards, float share) {
    if (!point.bleeds) return vec3(max(towards, 0.0) * share);
    float smoothed = dot(point.smooth_normal, direction);
    vec3 blurred = vec3(smoothed, (smoothed + towards) / 2.0, towards);
    vec3 wrapped = max((blurred + BLEED) / (1.0 + BLEED), 0.0);
    wrapped *= 1.0 - BLEED + BLEED * wrapped;
    return wrapped * share * (1.0 + 1.2 * BLEED * (1.0 - share));
}

Radiance shade(Point point, float shares[MOST_LAMPS]) {
    float cosine = clamp(dot(point.normal, point.to_eye), 1e-3, 1.0);
    vec3 mirror = 2.0 * cosine * point.normal - point.to_eye;
    vec3 head_on = mix(vec3(DIELECTRIC), point.albedo, point.metallic);
    bool is_smooth = point.roughness < SMOOTH;
    vec3 reflected = environment_gloss(point.roughness, cosine, head_on);
    reflected *= is_smooth ? mirrored : sheen;
    vec3 matte = around(point.normal) * interreflected(point.openness, point.albedo);
    vec3 gloss = around(mirror) * reflected * gloss_opening(point, cosine);
    for (int i = 0; i < lamp_count; i++) {
        vec3 direction = lamp_direction[i];
        float towards = dot(point.normal, direction);
        float strength = max(towards, 0.0) * shares[i];
        vec3 shine = ggx(point, direction, lamp_disc[i], cosine, mirror, head_on);
        gloss += lamp_color[i] * shine * (is_smooth || !lamp_glint[i] ? strength : 0.0);
        if (!lamp_glint[i]) matte += lamp_color[i] * lit_share(point, direction, towards, shares[i]);
    }
    matte *= point.albedo * (1.0 - reflected) * (1.0 - point.metallic);
    return Radiance(matte, gloss);
}

// As `avatar.render.tone`.
vec3 tone_map(vec3 light) {
    const float SHOULDER = 0.75;
    vec3 above = max(light - SHOULDER, 0.0);
    const float ROOM = 1.0 - SHOULDER;
    return clamp(light, 0.0, SHOULDER) + ROOM * (1.0 - exp(-above / ROOM));
}
