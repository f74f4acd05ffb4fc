// What `--help` says, for the whole and for each command. At most a hundred columns.

export const usualPort = 8080

export type CommandName = 'up' | 'lint' | 'explain' | 'test'

const general = `portcullis: every request to a model obeys policy written as code

usage
  portcullis up [--keep] [--port N] [--folder DIR]
  portcullis lint PATH...
  portcullis test PATH...
  portcullis explain PATH... --as WHO --request FILE
  portcullis --help | COMMAND --help | --version

commands
  up          operator and gateway in one process over a folder of YAML, with a development
              identity provider and a mock model; no Kubernetes, no Docker. Then a guided tour.
  lint        what an operator would refuse in policies, connections and settings, and why
  test        calls with the decisions they must meet, judged as the gateway judges
  explain     which policies and rules speak about one call, and what each of them says

lint, test and explain read files, send nothing anywhere and need no cluster.
In a clone of the repository: npm run up -- --help, npm run -s portcullis -- lint --help
`

const up = `portcullis up: the whole product on this machine, then a tour that really calls it

usage
  portcullis up [--keep] [--port N] [--folder DIR]
  npm run up -- [--keep] [--port N] [--folder DIR]

options
  --keep          stay after the tour and reload the folder whenever it changes; Ctrl-C ends it
  --port N        port of the gateway on 127.0.0.1
                  (absent: ${usualPort}, or any free port where that is taken)
  --folder DIR    serve the YAML in DIR instead of the samples; implies --keep and skips the tour,
                  which is about the samples
  -h, --help      this text

exit codes
  0  every step showed what it should, or Ctrl-C
  1  a step of the tour did not show what it should
  2  wrong arguments, no such folder, broken YAML, port in use
`

const worldOptions = `  --platform-namespace NAME
                  where the platform settings and baseline policies are (absent: portcullis)
  --allow-loopback
                  connections may name models on this machine, as under portcullis up`

const lint = `portcullis lint: what an operator would refuse in these files, and why

usage
  portcullis lint [--output text|json] PATH...

PATH is a YAML file, or a folder with everything below it. Connections, policies and the platform
settings are read; everything else is named and passed over. They are held against their kinds,
compiled and judged together, as in a cluster; Secrets, CAs and Services are taken to exist.

options
  --output FORMAT text (default) or json
${worldOptions}
  -h, --help      this text

exit codes
  0  no errors; there may be warnings
  1  errors
  2  wrong arguments, no such file or folder
`

const test = `portcullis test: calls with the decisions they must meet

usage
  portcullis test [--filter TEXT] [--coverage] [--min-coverage N]
                  [--output pretty|junit|json] [--output-file FILE] PATH...

PATH is a YAML file with documents of kind PolicyTest, or a folder with everything below it. Each
case is read and judged as the gateway does; cli/TESTS.md tells how a case is written.

options
  --filter TEXT   only cases whose file, test or name contains TEXT
  --coverage      list the rules that no case met
  --min-coverage N
                  fail when less than N percent of the rules were met by a case
  --output FORMAT pretty (default), junit or json
  --output-file FILE
                  write junit or json there, and show the pretty form as well
${worldOptions}
  -h, --help      this text

exit codes
  0  every case met what it expects
  1  a case did not, or too few rules were met
  2  wrong arguments, no such file, a test that cannot be run, objects with mistakes
`

const explain = `portcullis explain: what every policy and every rule says about one call

usage
  portcullis explain PATH... --as WHO --request FILE [--values] [--output text|json]
  portcullis explain TESTS --case NAME [--values] [--output text|json]

PATH holds policies and connections, as for lint. FILE holds one call: connection (or a path that
routes), request and, if wanted, answer, written as in a case of a test; cli/TESTS.md tells how.

options
  --as WHO        a YAML file with an identity, or the name of one of the identities in FILE
  --request FILE  the call
  --case NAME     explain a case of a PolicyTest in TESTS instead; NAME is its name, or a part of it
                  that no other case has
  --values        show the values of variables; they may hold parts of the prompt
  --output FORMAT text (default) or json
${worldOptions}
  -h, --help      this text

exit codes
  0  explained, whatever the decision
  2  wrong arguments, no such file, a call that cannot be read as one, objects with mistakes
`

const texts: Readonly<Record<CommandName, string>> = { up, lint, test, explain }

export function toHelpText(about?: CommandName): string {
  return about === undefined ? general : texts[about]
}
