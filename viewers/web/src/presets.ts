// Made by `python -m viewers.server.typescript`: change the Python it is made from.

export type Preset = Readonly<Record<string, number>>;

export const VISEMES: Readonly<Record<string, Preset>> = {
  silence: { jawOpen: 0.02 },
  closed: { jawOpen: 0.05, mouthClose: 0.05, mouthRollLower: 0.18, mouthRollUpper: 0.12, mouthPressLeft: 0.22, mouthPressRight: 0.22 },
  teeth_on_lip: { jawOpen: 0.09, mouthStretchLeft: 0.05, mouthStretchRight: 0.05, mouthRollLower: 0.55, mouthShrugLower: 0.15, mouthUpperUpLeft: 0.3, mouthUpperUpRight: 0.3 },
  tongue_between_teeth: { jawOpen: 0.08, mouthLowerDownLeft: 0.15, mouthLowerDownRight: 0.15, mouthUpperUpLeft: 0.3, mouthUpperUpRight: 0.3, tongueOut: 0.36 },
  tongue_tip: { jawOpen: 0.15, mouthStretchLeft: 0.08, mouthStretchRight: 0.08, mouthLowerDownLeft: 0.25, mouthLowerDownRight: 0.25, mouthUpperUpLeft: 0.12, mouthUpperUpRight: 0.12 },
  tongue_back: { jawOpen: 0.18, mouthLowerDownLeft: 0.18, mouthLowerDownRight: 0.18, mouthUpperUpLeft: 0.1, mouthUpperUpRight: 0.1 },
  hiss: { jawOpen: 0.06, mouthSmileLeft: 0.1, mouthSmileRight: 0.1, mouthStretchLeft: 0.25, mouthStretchRight: 0.25, mouthLowerDownLeft: 0.38, mouthLowerDownRight: 0.38, mouthUpperUpLeft: 0.2, mouthUpperUpRight: 0.2 },
  hush: { jawOpen: 0.08, mouthFunnel: 0.38, mouthPucker: 0.55, mouthLowerDownLeft: 0.06, mouthLowerDownRight: 0.06, mouthUpperUpLeft: 0.15, mouthUpperUpRight: 0.15 },
  r: { jawOpen: 0.13, mouthFunnel: 0.18, mouthPucker: 0.55, mouthLowerDownLeft: 0.05, mouthLowerDownRight: 0.05 },
  oo: { jawOpen: 0.11, mouthFunnel: 0.12, mouthPucker: 1 },
  o: { jawOpen: 0.26, mouthFunnel: 0.28, mouthPucker: 0.6 },
  ah: { jawOpen: 0.36, mouthStretchLeft: 0.06, mouthStretchRight: 0.06, mouthLowerDownLeft: 0.14, mouthLowerDownRight: 0.14, mouthUpperUpLeft: 0.18, mouthUpperUpRight: 0.18 },
  eh: { jawOpen: 0.22, mouthSmileLeft: 0.08, mouthSmileRight: 0.08, mouthStretchLeft: 0.16, mouthStretchRight: 0.16, mouthLowerDownLeft: 0.16, mouthLowerDownRight: 0.16, mouthUpperUpLeft: 0.16, mouthUpperUpRight: 0.16 },
  ee: { jawOpen: 0.11, mouthSmileLeft: 0.3, mouthSmileRight: 0.3, mouthStretchLeft: 0.28, mouthStretchRight: 0.28, mouthLowerDownLeft: 0.28, mouthLowerDownRight: 0.28, mouthUpperUpLeft: 0.16, mouthUpperUpRight: 0.16 },
};

export const EMOTIONS: Readonly<Record<string, Preset>> = {
  joy: { eyeSquintLeft: 0.2, eyeSquintRight: 0.2, mouthSmileLeft: 0.55, mouthSmileRight: 0.55, mouthDimpleLeft: 0.15, mouthDimpleRight: 0.15, browOuterUpLeft: 0.1, browOuterUpRight: 0.1, cheekSquintLeft: 0.45, cheekSquintRight: 0.45 },
  anger: { eyeSquintLeft: 0.3, eyeSquintRight: 0.3, jawForward: 0.1, mouthFrownLeft: 0.25, mouthFrownRight: 0.25, mouthPressLeft: 0.15, mouthPressRight: 0.15, browDownLeft: 0.8, browDownRight: 0.8, noseSneerLeft: 0.35, noseSneerRight: 0.35 },
  sadness: { eyeLookDownLeft: 0.1, eyeSquintLeft: 0.15, eyeLookDownRight: 0.1, eyeSquintRight: 0.15, mouthFrownLeft: 0.45, mouthFrownRight: 0.45, mouthShrugLower: 0.2, browInnerUp: 0.7 },
  fear: { eyeWideLeft: 0.6, eyeWideRight: 0.6, mouthStretchLeft: 0.35, mouthStretchRight: 0.35, browInnerUp: 0.7, browOuterUpLeft: 0.3, browOuterUpRight: 0.3 },
  surprise: { eyeWideLeft: 0.5, eyeWideRight: 0.5, browInnerUp: 0.6, browOuterUpLeft: 0.6, browOuterUpRight: 0.6 },
  disgust: { mouthFrownLeft: 0.2, mouthFrownRight: 0.2, mouthUpperUpLeft: 0.2, mouthUpperUpRight: 0.2, browDownLeft: 0.4, browDownRight: 0.4, noseSneerLeft: 0.7, noseSneerRight: 0.7 },
};
