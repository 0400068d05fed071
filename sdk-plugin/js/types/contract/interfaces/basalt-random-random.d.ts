declare module 'basalt:random/random@0.1.0' {
  /**
   * `length` random bytes. Traps when `length` is over 65,536 (64 KiB).
   */
  export function bytes(length: number): Uint8Array;
  /**
   * A random number, each of the 2^64 as likely as any other.
   */
  export function number(): number;
}
