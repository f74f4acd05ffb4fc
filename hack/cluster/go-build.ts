// Builds the one binary with the parts of Kubernetes from kube/, and keeps it outside the tree under a digest of everything
// that goes into it. The first build takes minutes, so it tells how far it is.
import { createHash, randomBytes } from 'node:crypto'
import { access, mkdir, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { runCommand, runOrThrow } from './run-command.ts'

export interface GoBuild {
  readonly cache: string
  readonly log: (line: string) => void
}

const module = path.join(import.meta.dirname, 'kube')
const kubernetesVersion = /^\s*k8s\.io\/kubernetes (v[\d.]+)$/m
const environment = { CGO_ENABLED: '0', GOFLAGS: '-trimpath' } as const
const advice =
  'Install Go from https://go.dev/dl/ (any release from 1.21 on fetches the one it needs by itself, unless GOTOOLCHAIN=local), ' +
  'or set KUBEBUILDER_ASSETS to a folder with kube-apiserver, etcd and kubectl; hack/cluster/README.md names all the ways.'

/** Two builds at once do the work twice but never see each other: each writes a file of its own and renames it. */
export async function buildKube(env: Readonly<Record<string, string>>, { cache, log }: GoBuild): Promise<string> {
  const goEnv = { ...env, ...environment }
  const go = await readGo(goEnv)
  const sources = await Promise.all(
    ['go.mod', 'go.sum', 'main.go'].map((name) => readFile(path.join(module, name), 'utf8')),
  )
  const flags = linkerFlags(sources[0] ?? '')
  const folder = path.join(cache, 'kube', digestOf([...sources, flags, JSON.stringify(environment), go]))
  const binary = path.join(folder, 'kube')
  if (await exists(binary)) return binary
  const temporary = `${binary}.${randomBytes(6).toString('hex')}`
  await mkdir(folder, { recursive: true })
  try {
    await compile({ goEnv, log, flags, output: temporary })
    await rename(temporary, binary)
  } finally {
    await rm(temporary, { force: true })
  }
  return binary
}

export function digestOf(parts: readonly string[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return hash.digest('hex').slice(0, 20)
}

/** What `kubectl version` shows, and what features are compared with, must be the release in go.mod. */
export function linkerFlags(goMod: string): string {
  const version = kubernetesVersion.exec(goMod)?.[1]
  if (!version) throw new Error('hack/cluster/kube/go.mod does not require k8s.io/kubernetes at a release')
  return `-s -w -X k8s.io/component-base/version.gitVersion=${version}`
}

/** The release of Go that this module will be built with, and the system it builds for. */
async function readGo(env: Readonly<Record<string, string>>): Promise<string> {
  const result = await runCommand('go', ['env', 'GOVERSION', 'GOOS', 'GOARCH'], { cwd: module, env }).catch(
    (error: unknown) => {
      throw new Error(`Go is needed to build the Kubernetes that tests run on, and there is no go in PATH. ${advice}`, {
        cause: error,
      })
    },
  )
  if (result.exitCode !== 0) {
    throw new Error(
      `The Go of this machine cannot build the Kubernetes that tests run on: ${result.stderr.trim()}. ${advice}`,
    )
  }
  return result.stdout.trim().split('\n').join(' ')
}

interface Compilation {
  readonly goEnv: Readonly<Record<string, string>>
  readonly log: (line: string) => void
  readonly flags: string
  readonly output: string
}

async function compile({ goEnv, log, flags, output }: Compilation): Promise<void> {
  log(
    'building the Kubernetes for tests from Go modules; the first time takes 5 to 15 minutes and about 4 GB of Go caches',
  )
  const started = performance.now()
  const options = { cwd: module, env: goEnv }
  await runOrThrow('go', ['mod', 'download'], { ...options, onStderr: () => {} })
  // Packages that the build cache already has are not compiled again and not counted.
  const stale = await runOrThrow('go', ['list', '-deps', '-f', '{{if .Stale}}{{.ImportPath}}{{end}}', '.'], options)
  const total = stale.split('\n').filter((line) => line !== '').length
  const progress = makeProgress({ total, log, now: () => performance.now() - started })
  await runOrThrow('go', ['build', '-v', '-ldflags', flags, '-o', output, '.'], { ...options, onStderr: progress })
  log(`built in ${Math.round((performance.now() - started) / 1000)} s`)
}

export interface ProgressOptions {
  readonly total: number
  readonly log: (line: string) => void
  readonly now: () => number
}

/** Counts the lines of `go build -v`, one for each package, and reports at most every five seconds. */
export function makeProgress({ total, log, now }: ProgressOptions): (piece: string) => void {
  let done = 0
  let reportedAt = now()
  return (piece) => {
    done += piece.split('\n').length - 1
    if (now() - reportedAt < 5000) return
    reportedAt = now()
    log(`compiled ${Math.min(done, total)} of ${total} packages after ${Math.round(reportedAt / 1000)} s`)
  }
}

async function exists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  )
}
