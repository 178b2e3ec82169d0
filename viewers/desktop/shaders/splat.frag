#version 330 core
// A Gaussian's colour, premultiplied; nothing where it is fainter than a step of a byte.

in vec2 apart;
flat in vec3 conic;
flat in float opacity;
flat in vec3 tint;

out vec4 color;

void main() {
    float far = conic.x * apart.x * apart.x + 2.0 * conic.y * apart.x * apart.y
        + conic.z * apart.y * apart.y;
    float alpha = opacity * exp(-0.5 * far);
    if (alpha < 1.0 / 255.0) discard;
    color = vec4(tint * alpha, alpha);
}
