#version 330 core
// The picture over what lies behind it: linear light composited, then encoded as sRGB; where it is
// ENCODED already, it is composited as it is.

in vec2 place;

uniform sampler2D picture;
uniform vec3 middle;
uniform vec3 edge;
uniform vec2 spot;
uniform vec2 falloff;
uniform bool bell;

out vec4 color;

vec3 srgb(vec3 light) {
    light = clamp(light, 0.0, 1.0);
    // Roots instead of the power: within 0.02 / 255 of it, and several times as fast.
    vec3 second = sqrt(light), fourth = sqrt(second), eighth = sqrt(fourth);
    vec3 curve = 0.64456019 * second + 0.70994624 * fourth - 0.33605189 * eighth;
    curve -= 0.01848584 * light;
    return mix(curve, light * 12.92, lessThanEqual(light, vec3(0.0031308)));
}

void main() {
    vec4 front = texture(picture, place);
    vec2 apart = (vec2(place.x, 1.0 - place.y) * 2.0 - 1.0 - spot) * falloff;
    float share = bell ? exp(-dot(apart, apart)) : max(1.0 - length(apart), 0.0);
    vec3 behind = mix(edge, middle, share);
    // Splats blend as they are shown, surfaces as light.
    vec3 shown = ENCODED ? clamp(front.rgb + (1.0 - front.a) * srgb(behind), 0.0, 1.0)
        : srgb(front.rgb + (1.0 - front.a) * behind);
    // Half a step of noise, so that wide gradients show no bands.
    float noise = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
    color = vec4(shown + (front.a < 0.5 ? (noise - 0.5) / 255.0 : 0.0), 1.0);
}
