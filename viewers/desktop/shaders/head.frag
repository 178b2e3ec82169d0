#version 330 core
// A head's surface, one material at a time; `avatar.render.surface_points` in GLSL. Made anew for
// each kind of material and each look, which the constants in capitals tell: what a kind lacks
// costs nothing.

#include shade.glsl

in vec3 position;
in vec3 normal;
in vec3 along_u;
in vec3 along_v;
in float openness;
in float curvature;
in vec4 first_shares;
in vec2 last_shares;
in vec2 uv;

uniform vec3 eye_in_world;
uniform mat3 camera_from_world;
uniform float detail;

uniform vec4 base_color;
uniform float base_roughness;
uniform float metallic;
uniform float specular;
uniform float ior;
uniform float clearcoat;
uniform float clearcoat_roughness;
uniform sampler2D color_map;
uniform sampler2D roughness_map;
uniform sampler2D normal_map;
uniform sampler2D specular_map;
uniform sampler2D occlusion_map;
uniform sampler2D film_depth;

const int SHADED = 0, ALBEDO = 1, NORMALS = 2, CLAY = 3, WIREFRAME = 4, UV = 5;

out vec4 color;

// The mip level of a texture as large as one texel: the longer axis of a pixel's footprint, but
// at most twice the shorter.
float footprint() {
    vec2 by_x = dFdx(uv), by_y = dFdy(uv);
    float mean = 0.5 * (dot(by_x, by_x) + dot(by_y, by_y));
    float area = by_x.x * by_y.y - by_x.y * by_y.x;
    float spread = sqrt(max(mean * mean - area * area, 0.0));
    float longer = mean + spread, shorter = max(mean - spread, 0.0);
    return 0.5 * log2(clamp(min(longer, 4.0 * shorter), 1e-12, 1e6));
}

vec4 looked_up(sampler2D map, float finest) {
    vec2 size = vec2(textureSize(map, 0));
    return textureLod(map, uv, finest + 0.5 * log2(size.x * size.y));
}

vec3 across(vec3 vector, vec3 axis) {
    vec3 rest = vector - axis * dot(vector, axis);
    return rest * inversesqrt(max(dot(rest, rest), 1e-20));
}

// Tip a normal that interpolation turned away from the eye back to the horizon.
vec3 towards_eye(vec3 direction, vec3 to_eye) {
    return normalize(direction - 1.001 * min(dot(direction, to_eye), 0.0) * to_eye);
}

vec3 checkerboard() {
    vec2 cell = floor(uv * 32.0);
    float light = mod(cell.x + cell.y, 2.0) < 0.5 ? 0.2 : 0.85;
    vec2 place = cell / 32.0;
    return light * vec3(0.15 + 0.85 * place.x, 0.15 + 0.85 * place.y, 0.5);
}

void main() {
    float finest = footprint() - detail;
    vec3 to_eye = normalize(eye_in_world - position);
    vec3 smooth_normal = normalize(normal) * (gl_FrontFacing ? 1.0 : -1.0);
    vec3 bumpy = smooth_normal;
    if (HAS_NORMAL_MAP && LOOK != CLAY && LOOK != WIREFRAME) {
        vec3 bump = looked_up(normal_map, finest).xyz * 2.0 - 1.0;
        vec3 u = across(along_u, smooth_normal), v = across(along_v, smooth_normal);
        bumpy = normalize(u * bump.x + v * bump.y + smooth_normal * bump.z);
    }
    vec3 albedo = base_color.rgb;
    float alpha = base_color.a;
    if (HAS_COLOR_MAP && LOOK != CLAY && LOOK != WIREFRAME && LOOK != UV) {
        vec4 texel = looked_up(color_map, finest);
        albedo *= SEE_THROUGH ? texel.rgb / max(texel.a, 1e-4) : texel.rgb;
        alpha *= texel.a;
    }
    if (!SEE_THROUGH) alpha = 1.0;
    if (LOOK == ALBEDO) {
        color = vec4(albedo * alpha, alpha);
        return;
    }
    if (LOOK == NORMALS) {
        vec3 seen = camera_from_world * towards_eye(bumpy, to_eye);
        color = vec4((vec3(seen.x, -seen.y, -seen.z) * 0.5 + 0.5) * alpha, alpha);
        // The picture is encoded as sRGB at the end: normals are shown as they are.
        color.rgb = pow(color.rgb, vec3(2.2));
        return;
    }
    float roughness = base_roughness;
    if (HAS_ROUGHNESS_MAP) roughness *= looked_up(roughness_map, finest).r;
    if (LOOK == CLAY) { albedo = vec3(0.42, 0.42, 0.43); roughness = 0.62; }
    if (LOOK == WIREFRAME) { albedo = vec3(0.02, 0.023, 0.029); roughness = 0.8; }
    if (LOOK == UV) { albedo = checkerboard(); roughness = 0.8; }
    Point point;
    point.normal = towards_eye(bumpy, to_eye);
    point.smooth_normal = towards_eye(smooth_normal, to_eye);
    point.to_eye = to_eye;
    point.openness = clamp(openness, 0.0, 1.0);
    point.albedo = albedo;
    point.roughness = clamp(roughness, 0.02, 1.0);
    point.metallic = metallic;
    point.specular = specular;
    point.ior = ior;
    point.curvature = curvature;
    if (LOOK == SHADED) {
        if (HAS_SPECULAR_MAP) point.specular *= looked_up(specular_map, finest).r;
        if (HAS_OCCLUSION_MAP) {
            point.openness = min(point.openness, looked_up(occlusion_map, finest).r);
        }
    }
    point.bleeds = BLEEDS && LOOK == SHADED;
    float shares[MOST_LAMPS] = float[MOST_LAMPS](
        first_shares.x, first_shares.y, first_shares.z, first_shares.w, last_shares.x, last_shares.y
    );
    Radiance radiance = shade(point, shares);
    if (HAS_COAT && LOOK == SHADED) {
        radiance = coated(radiance, point, clearcoat, clearcoat_roughness, shares);
    }
    // A clear film mirrors at full strength, and takes the gloss off what lies under it.
    float strength = IS_FILM ? 1.0 : alpha;
    if (!IS_FILM && !SEE_THROUGH) {
        strength *= step(gl_FragCoord.z, texelFetch(film_depth, ivec2(gl_FragCoord.xy), 0).r);
    }
    vec3 light = radiance.matte * alpha + radiance.gloss * strength;
    color = vec4(tone_map(light), alpha);
}
