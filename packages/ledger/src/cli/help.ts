/** Words that several commands have in their help (spec chapter 17.12). @module */

export const WHERE = `  --db WHERE      a SQLite file, a directory of tiles, or postgres://ROLE@HOST/DATABASE;
                  .aiegis/ledger.db when absent. A file is read from a copy in the temporary
                  directory: the server may run. Of PostgreSQL the password is taken from
                  PGPASSWORD or .pgpass
  --url URL       instead: what the log publishes, such as https://ledger.example`

export const KEYS = `  --vkey VKEY     the verifier key of the log, or a file with it; the server gives it at /vkey
  --trust FILE    instead: a trust bundle that names the log; then its witnesses are counted too
  --former-vkey VKEY
                  a key that the log had before; may be repeated`

export const JSON_OPTION = `  --json          one JSON object on each line`

export const CODES = `Exit code 0: it holds, 1: it does not, or was refused, 2: wrong call, 3: something does not
answer, 4: own fault.`
