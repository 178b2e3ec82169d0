// The colour of surface points, formula by formula as `avatar.render.shade`, `.facets` and
// `.reflections` have it.

const float PI = 3.14159265358979;
const vec3 SCATTER = vec3(0.00118, 0.00026, 0.00016);
const float BOUNCE = 0.15;
const float SMOOTH = 0.2;
const float BLUNT = 0.5;
const vec2 FIRST_LOBE = vec2(0.9, 0.85), SECOND_LOBE = vec2(1.5666667, 0.15);
const float MARGIN = 0.125, SHARPEST = 0.0625, LEVELS = 5.0;
const int MOST_LAMPS = 6;

uniform vec3 environment[9];
uniform float sheen;
uniform float mirrored;
uniform bool has_reflections;
uniform sampler2D reflections;
uniform mat3 panorama_from_world;
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
    float specular;
    float ior;
    float curvature;
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

// How much of an even world the surface mirrors.
vec3 even_share(float r, float cosine, vec3 head_on) {
    float size = 1.244 + r * (-3.759 + r * (4.106 - 1.556 * r));
    float power = 5.88 + r * (-16.453 + r * (30.046 - 15.957 * r));
    float rim = size * pow(1.0 - cosine, power);
    float a = r * r;
    float bend = 1.0 - exp2(-1.4427 * cosine / (0.363 * a + 0.001));
    float mirror = 1.0 - a * ((0.713 + 0.07 * a) * bend - (0.356 - 0.341 * a) * cosine);
    vec3 once = head_on * (mirror - rim) + rim;
    return clamp(once * (1.0 + head_on * (1.0 / mirror - 1.0)), 0.0, 1.0);
}

// The harmonics' mean over a lobe.
vec3 sharpened(vec3 d, float roughness) {
    float first = 1.739 + roughness * (-1.037 + 0.29 * roughness);
    float second = 5.572 + roughness * (-7.238 + 2.633 * roughness);
    vec3 linear = environment[1] * d.x + environment[2] * d.y + environment[3] * d.z;
    vec3 square = environment[4] * (d.x * d.y) + environment[5] * (d.y * d.z)
        + environment[6] * (3.0 * d.z * d.z - 1.0) + environment[7] * (d.x * d.z)
        + environment[8] * (d.x * d.x - d.y * d.y);
    return max(environment[0] + linear * first + square * second, 0.0);
}

// The environment as facets see it, mean over their lobe.
vec3 mirrored_around(Point point, float cosine) {
    float lobe = point.roughness * point.roughness;
    float lean = (1.0 - lobe) * (sqrt(1.0 - lobe) + lobe);
    vec3 towards = normalize(
        point.normal * (1.0 + lean * (2.0 * cosine - 1.0)) - point.to_eye * lean
    );
    if (!has_reflections) return sharpened(towards, max(point.roughness, BLUNT));
    vec3 d = panorama_from_world * towards;
    float across = atan(-d.x, d.z) / (2.0 * PI) + 0.5;
    float down = acos(clamp(d.y, -1.0, 1.0)) * ((1.0 - 2.0 * MARGIN) / PI) + MARGIN;
    float lod = 2.0 * log2(max(point.roughness, 0.02)) - log2(SHARPEST);
    return textureLod(reflections, vec2(across, down), clamp(lod, 0.0, LEVELS - 1.0)).rgb;
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

// What the distribution is divided by, twice over (Smith, height-correlated).
float smith(float incoming, float cosine, float squared) {
    return incoming * sqrt(cosine * cosine * (1.0 - squared) + squared)
        + cosine * sqrt(incoming * incoming * (1.0 - squared) + squared);
}

vec3 schlick(float facing, vec3 head_on) {
    float missing = 1.0 - clamp(facing, 0.0, 1.0);
    float squared = missing * missing;
    return head_on + (1.0 - head_on) * (squared * squared * missing);
}

// The reflectance times pi for a round lamp (representative point, Karis 2013).
vec3 lamp_gloss(Point point, vec3 direction, vec4 disc, float cosine, vec3 head_on) {
    float sharp = max(point.roughness * point.roughness, 0.002);
    float widened = min(sharp + disc.w, 1.0);
    vec3 towards = nearest_in_cone(2.0 * cosine * point.normal - point.to_eye, direction, disc);
    vec3 halfway = normalize(towards + point.to_eye);
    float incoming = clamp(dot(point.normal, towards), 1e-3, 1.0);
    float peak = clamp(dot(point.normal, halfway), 0.0, 1.0);
    float squared = sharp * sharp;
    float lobe = peak * peak * (squared - 1.0) + 1.0;
    float narrowing = sharp / widened;
    float distribution = squared / (lobe * lobe) * narrowing * narrowing;
    return (0.5 * distribution / smith(incoming, cosine, squared))
        * schlick(dot(towards, halfway), head_on);
}

float skin_lobe(vec2 kind, float base, float spread, float peak, float incoming, float cosine) {
    float wide = min(base * kind.x * kind.x, 1.0);
    float squared = min(wide * wide + spread, 1.0);
    float lobe = peak * (squared - 1.0) + 1.0;
    return kind.y * squared / (lobe * lobe * smith(incoming, cosine, squared));
}

// The reflectance times pi by two lobes, each as much wider as the lamp is.
vec3 skin_gloss(Point point, vec3 direction, vec4 disc, float cosine, vec3 head_on) {
    vec3 halfway = normalize(point.to_eye + direction);
    float incoming = clamp(dot(point.normal, direction), 1e-3, 1.0);
    float peak = clamp(dot(point.normal, halfway), 0.0, 1.0);
    float base = point.roughness * point.roughness, spread = 0.5 * disc.w * disc.w;
    float total = skin_lobe(FIRST_LOBE, base, spread, peak * peak, incoming, cosine)
        + skin_lobe(SECOND_LOBE, base, spread, peak * peak, incoming, cosine);
    return 0.5 * total * schlick(dot(halfway, direction), head_on);
}

vec3 blurred_step(vec3 cosine, vec3 width) {
    vec3 across = max(cosine + width, 0.0);
    return mix(cosine, across * across / (4.0 * width), vec3(lessThan(cosine, width)));
}

// The cosine law, softened by how wide the lamp is and how far light wanders in skin.
vec3 lit_share(Point point, vec3 direction, vec4 disc, float towards, float share) {
    float round = max(0.75 * disc.y * disc.y, 1e-6);
    vec3 blurred = vec3(towards), width = vec3(sqrt(round));
    if (point.bleeds) {
        float smoothed = dot(point.smooth_normal, direction);
        blurred = vec3(smoothed, (smoothed + towards) / 2.0, towards);
        width = sqrt(3.0 * SCATTER * SCATTER * point.curvature * point.curvature + round);
    }
    return blurred_step(blurred, width) * share + BOUNCE * (1.0 - point.openness) * point.albedo;
}

Radiance shade(Point point, float shares[MOST_LAMPS]) {
    float cosine = clamp(dot(point.normal, point.to_eye), 1e-3, 1.0);
    float plain = (point.ior - 1.0) / (point.ior + 1.0);
    vec3 head_on = mix(vec3(plain * plain), point.albedo, point.metallic);
    float strength = mix(point.specular, 1.0, point.metallic);
    bool is_smooth = point.roughness < SMOOTH;
    vec3 reflected = even_share(point.roughness, cosine, head_on);
    reflected *= (is_smooth ? mirrored : sheen) * strength;
    vec3 matte = around(point.normal) * interreflected(point.openness, point.albedo);
    vec3 gloss = mirrored_around(point, cosine) * reflected * gloss_opening(point, cosine);
    for (int i = 0; i < lamp_count; i++) {
        vec3 direction = lamp_direction[i];
        vec4 disc = lamp_disc[i];
        float towards = dot(point.normal, direction);
        vec3 shine = point.bleeds ? skin_gloss(point, direction, disc, cosine, head_on)
            : lamp_gloss(point, direction, disc, cosine, head_on);
        float power = max(towards, 0.0) * shares[i] * strength;
        gloss += lamp_color[i] * shine * (is_smooth || !lamp_glint[i] ? power : 0.0);
        if (!lamp_glint[i]) {
            matte += lamp_color[i] * lit_share(point, direction, disc, towards, shares[i]);
        }
    }
    matte *= point.albedo * (1.0 - reflected) * (1.0 - point.metallic);
    return Radiance(matte, gloss);
}

// Lay a clear coat over points: a second gloss, which what lies under it does not get.
Radiance coated(Radiance below, Point point, float coat, float rough, float shares[MOST_LAMPS]) {
    point.normal = point.smooth_normal;
    point.roughness = max(rough, 0.02);
    point.metallic = 0.0;
    point.bleeds = false;
    point.specular = coat;
    point.ior = 1.5;
    float cosine = clamp(dot(point.normal, point.to_eye), 1e-3, 1.0);
    vec3 left = 1.0 - coat * even_share(point.roughness, cosine, vec3(0.04));
    return Radiance(below.matte * left, below.gloss * left + shade(point, shares).gloss);
}

// As `avatar.render.tone`.
vec3 tone_map(vec3 light) {
    const float SHOULDER = 0.75;
    vec3 above = max(light - SHOULDER, 0.0);
    const float ROOM = 1.0 - SHOULDER;
    return clamp(light, 0.0, SHOULDER) + ROOM * (1.0 - exp(-above / ROOM));
}
