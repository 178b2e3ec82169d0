#version 330 core
// Dear ImGui's letters and shapes, in display sRGB.

in vec2 uv;
in vec4 tint;

uniform sampler2D atlas;

out vec4 color;

void main() {
    color = tint * texture(atlas, uv);
}
