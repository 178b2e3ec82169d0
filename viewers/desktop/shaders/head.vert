#version 330 core
// A head's vertices: posed on the processor, projected here.

in vec3 in_position;
in vec3 in_normal;
in vec3 in_along_u;
in vec3 in_along_v;
in float in_openness;
in float in_curvature;
in vec4 in_first_shares;
in vec2 in_last_shares;
in vec2 in_uv;

uniform mat4 clip_from_world;

out vec3 position;
out vec3 normal;
out vec3 along_u;
out vec3 along_v;
out float openness;
out float curvature;
out vec4 first_shares;
out vec2 last_shares;
out vec2 uv;

void main() {
    position = in_position;
    normal = in_normal;
    along_u = in_along_u;
    along_v = in_along_v;
    openness = in_openness;
    curvature = in_curvature;
    first_shares = in_first_shares;
    last_shares = in_last_shares;
    uv = in_uv;
    gl_Position = clip_from_world * vec4(in_position, 1.0);
}
