declare module 'basalt:log/log@0.1.0' {
  /**
   * Writes a line: a message, and fields by name; of two fields of one name the last counts. It never fails. Messages are
   * cut at 8 KiB, names and values of fields at 1 KiB each, fields after the 32nd are left out; line breaks and other
   * control characters are escaped. Lines past the plugin's limit for one call (`log_lines`) are dropped, and one line says
   * how many. Lines below the operator's level count too.
   */
  export function write(level: Level, message: string, fields: Array<[string, string]>): void;
  /**
   * Which lines are kept is the operator's: `[log] level`, `info` and above unless set otherwise.
   * # Variants
   * 
   * ## `"trace"`
   * 
   * Every step.
   * ## `"debug"`
   * 
   * For whoever debugs this plugin.
   * ## `"info"`
   * 
   * What an operator may want to know.
   * ## `"warn"`
   * 
   * Something odd that was coped with.
   * ## `"error"`
   * 
   * Something that failed.
   */
  export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';
}
