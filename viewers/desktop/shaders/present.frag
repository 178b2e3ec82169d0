#version 330 core
// The picture over what lies behind it: linear light composited, then encoded as sRGB.

in vec2 place;

uniform sampler2D picture;
uniform vec3 middle;
uniform vec3 edge;
uniform vec2 spot;
uniform vec2 falloff;
uniform bool bell;
uniform bool encoded;

out vec4 color;

vec3 srgb(vec3 light) {
    light = clamp(light, 0.0, 1.0);
    return mix(1.055 * pow(max(light, 0.0031308), vec3(1.0 / 2.4)) - 0.055, light * 12.92,
        lessThanEqual(light, vec3(0.0031308)));
}

void main() {
    vec4 front = texture(picture, place);
    vec2 apart = (vec2(place.x, 1.0 - place.y) * 2.0 - 1.0 - spot) * falloff;
    float share = bell ? exp(-dot(apart, apart)) : max(1.0 - length(apart), 0.0);
    vec3 behind = mix(edge, middle, share);
    // Splats blend as they are shown, surfaces as light.
    vec3 shown = encoded ? clamp(front.rgb, 0.0, 1.0) + (1.0 - front.a) * srgb(behind)
        : srgb(front.rgb + (1.0 - front.a) * behind);
    // Half a step of noise, so that wide gradients show no bands.
    float noise = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
    color = vec4(shown + (front.a < 0.5 ? (noise - 0.5) / 255.0 : 0.0), 1.0);
}
