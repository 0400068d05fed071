declare module 'basalt:settings/settings@0.1.0' {
  /**
   * A setting as JSON text (`"EUR"`, `100`, `["public"]`): what the operator set, else the manifest's default, of the type
   * that the manifest declares; `none` for a key that the manifest does not declare. It never fails and never waits.
   * Settings do not change while an instance lives.
   */
  export function get(key: string): string | undefined;
}
