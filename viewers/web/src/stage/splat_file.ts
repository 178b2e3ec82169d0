/** The arrays of a head's splats, as `viewers/server/splat_view.py` writes them. */

interface Place {
  readonly type: 'f4' | 'u4' | 'i2';
  readonly shape: readonly number[];
  readonly scale: number;
  readonly place: number;
}

interface Header {
  readonly splats: number;
  readonly most_offset: number;
  readonly most_color: number;
  readonly stretch: readonly [number, number];
  readonly filmed_from: readonly [number, number, number];
  readonly arrays: Readonly<Record<string, Place>>;
}

export interface Table {
  readonly values: Int16Array;
  readonly scale: number;
}

export class SplatFile {
  readonly header: Header;
  private readonly start: number;

  constructor(private readonly data: ArrayBuffer) {
    const length = new DataView(data).getUint32(0, true);
    this.header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length))) as Header;
    this.start = 4 + length;
  }

  has(name: string): boolean {
    return name in this.header.arrays;
  }

  floats(name: string): Float32Array {
    const { place, count } = this.find(name);
    return new Float32Array(this.data, this.start + place, count);
  }

  integers(name: string): Uint32Array {
    const { place, count } = this.find(name);
    return new Uint32Array(this.data, this.start + place, count);
  }

  table(name: string): Table {
    const { place, count, scale } = this.find(name);
    return { values: new Int16Array(this.data, this.start + place, count), scale };
  }

  private find(name: string): { place: number; count: number; scale: number } {
    const found = this.header.arrays[name];
    if (!found) throw new Error(`splats without ${name}`);
    return { ...found, count: found.shape.reduce((a, b) => a * b, 1) };
  }
}
