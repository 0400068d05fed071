/// <reference path="./interfaces/basalt-clock-clock.d.ts" />
/// <reference path="./interfaces/basalt-dispatch-dispatch.d.ts" />
/// <reference path="./interfaces/basalt-fetch-fetch.d.ts" />
/// <reference path="./interfaces/basalt-http-filter.d.ts" />
/// <reference path="./interfaces/basalt-http-handler.d.ts" />
/// <reference path="./interfaces/basalt-http-streaming.d.ts" />
/// <reference path="./interfaces/basalt-http-types.d.ts" />
/// <reference path="./interfaces/basalt-identity-identity.d.ts" />
/// <reference path="./interfaces/basalt-log-log.d.ts" />
/// <reference path="./interfaces/basalt-random-random.d.ts" />
/// <reference path="./interfaces/basalt-schema-schema.d.ts" />
/// <reference path="./interfaces/basalt-secret-secret.d.ts" />
/// <reference path="./interfaces/basalt-settings-settings.d.ts" />
/// <reference path="./interfaces/basalt-sql-sql.d.ts" />
/// <reference path="./interfaces/basalt-types-body.d.ts" />
/// <reference path="./interfaces/basalt-types-problem.d.ts" />
declare module 'basalt:plugin/full-plugin@0.1.0' {
  export type * as BasaltClockClock010 from 'basalt:clock/clock@0.1.0'; // import basalt:clock/clock@0.1.0
  export type * as BasaltDispatchDispatch010 from 'basalt:dispatch/dispatch@0.1.0'; // import basalt:dispatch/dispatch@0.1.0
  export type * as BasaltFetchFetch010 from 'basalt:fetch/fetch@0.1.0'; // import basalt:fetch/fetch@0.1.0
  export type * as BasaltHttpStreaming010 from 'basalt:http/streaming@0.1.0'; // import basalt:http/streaming@0.1.0
  export type * as BasaltHttpTypes010 from 'basalt:http/types@0.1.0'; // import basalt:http/types@0.1.0
  export type * as BasaltIdentityIdentity010 from 'basalt:identity/identity@0.1.0'; // import basalt:identity/identity@0.1.0
  export type * as BasaltLogLog010 from 'basalt:log/log@0.1.0'; // import basalt:log/log@0.1.0
  export type * as BasaltRandomRandom010 from 'basalt:random/random@0.1.0'; // import basalt:random/random@0.1.0
  export type * as BasaltSchemaSchema010 from 'basalt:schema/schema@0.1.0'; // import basalt:schema/schema@0.1.0
  export type * as BasaltSecretSecret010 from 'basalt:secret/secret@0.1.0'; // import basalt:secret/secret@0.1.0
  export type * as BasaltSettingsSettings010 from 'basalt:settings/settings@0.1.0'; // import basalt:settings/settings@0.1.0
  export type * as BasaltSqlSql010 from 'basalt:sql/sql@0.1.0'; // import basalt:sql/sql@0.1.0
  export type * as BasaltTypesBody010 from 'basalt:types/body@0.1.0'; // import basalt:types/body@0.1.0
  export type * as BasaltTypesProblem010 from 'basalt:types/problem@0.1.0'; // import basalt:types/problem@0.1.0
  export * as handler from 'basalt:http/handler@0.1.0'; // export basalt:http/handler@0.1.0
  export * as filter from 'basalt:http/filter@0.1.0'; // export basalt:http/filter@0.1.0
}
