#version 330 core
// A Gaussian to its ellipse in the picture, as `avatar.ops.rasterize_splats` projects it.

in vec3 in_mean;
in vec4 in_rotation;
in vec3 in_scale;
in float in_opacity;
in vec3 in_color;

uniform mat3 camera_from_world;
uniform vec3 camera_origin;
uniform vec2 focal;
uniform vec2 principal;
uniform vec2 size;
uniform float near;

out vec2 apart;
flat out vec3 conic;
flat out float opacity;
flat out vec3 tint;

const float BLUR = 0.3, CUT = 1.0 / 255.0, MOST_OPACITY = 0.999;
const vec4 NOWHERE = vec4(2.0, 2.0, 2.0, 1.0);

mat3 matrix_of(vec4 q) {
    q = normalize(q);
    vec3 d = q.xyz * q.xyz, w = q.xyz * q.w;
    float xy = q.x * q.y, xz = q.x * q.z, yz = q.y * q.z;
    return mat3(
        1.0 - 2.0 * (d.y + d.z), 2.0 * (xy + w.z), 2.0 * (xz - w.y),
        2.0 * (xy - w.z), 1.0 - 2.0 * (d.x + d.z), 2.0 * (yz + w.x),
        2.0 * (xz + w.y), 2.0 * (yz - w.x), 1.0 - 2.0 * (d.x + d.y)
    );
}

void main() {
    gl_Position = NOWHERE;
    apart = vec2(0.0);
    conic = vec3(1.0, 0.0, 1.0);
    opacity = 0.0;
    tint = in_color;
    vec3 point = camera_from_world * in_mean + camera_origin;
    if (!(point.z > near)) return;
    vec2 slopes = point.xy / point.z;
    vec2 centre = slopes * focal + principal;
    // Beyond 15 % outside the picture the linearisation is that at 15 %.
    vec2 low = (-0.5 - 0.15 * size - principal) / focal;
    vec2 high = (size - 0.5 + 0.15 * size - principal) / focal;
    vec2 cut = clamp(slopes, low, high);
    mat3 axes = camera_from_world * matrix_of(in_rotation);
    vec3 right = focal.x / point.z * in_scale
        * (vec3(axes[0].x, axes[1].x, axes[2].x) - cut.x * vec3(axes[0].z, axes[1].z, axes[2].z));
    vec3 down = focal.y / point.z * in_scale
        * (vec3(axes[0].y, axes[1].y, axes[2].y) - cut.y * vec3(axes[0].z, axes[1].z, axes[2].z));
    float xx = dot(right, right), xy = dot(right, down), yy = dot(down, down);
    vec3 normal = cross(right, down);
    float sharp = dot(normal, normal);
    float determinant = sharp + BLUR * (xx + yy + BLUR);
    float shown = min(in_opacity * sqrt(sharp / determinant), MOST_OPACITY);
    if (!(shown > CUT)) return;
    vec2 reach = sqrt(2.0 * log(shown / CUT) * vec2(xx + BLUR, yy + BLUR));
    if (any(lessThan(centre + reach, vec2(0.0))) || any(greaterThan(centre - reach, size))) return;
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2.0 - 1.0;
    apart = corner * reach;
    conic = vec3(yy + BLUR, -xy, xx + BLUR) / determinant;
    opacity = shown;
    vec2 place = (centre + apart + 0.5) / size * 2.0 - 1.0;
    gl_Position = vec4(place.x, -place.y, 0.0, 1.0);
}
