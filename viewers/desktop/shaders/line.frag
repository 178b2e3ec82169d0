#version 330 core
// The edges of triangles, over a dark head.

out vec4 color;

void main() {
    color = vec4(vec3(0.87, 0.45, 0.195) * 0.5, 0.5);
}
