#version 330 core
// Dear ImGui's triangles.

in vec2 in_place;
in vec2 in_uv;
in vec4 in_color;

uniform vec2 size;

out vec2 uv;
out vec4 tint;

void main() {
    uv = in_uv;
    tint = in_color;
    gl_Position = vec4(in_place.x / size.x * 2.0 - 1.0, 1.0 - in_place.y / size.y * 2.0, 0.0, 1.0);
}
