declare module 'basalt:clock/clock@0.1.0' {
  /**
   * The time of day: microseconds since the Unix epoch, UTC, leap seconds not counted. It can jump when the machine's clock
   * is set; to measure, use `monotonic`.
   */
  export function now(): number;
  /**
   * Nanoseconds since some moment in the past, the same for every instance while the kernel runs; never goes backwards.
   */
  export function monotonic(): number;
}
