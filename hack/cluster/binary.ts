// Finds the programs of a control plane: the parts of the one built binary (built now if need be), or those in a folder of
// KUBEBUILDER_ASSETS. Each comes as a command that ends when its standard input closes, that is, with its owner.
import { access, constants } from 'node:fs/promises'
import path from 'node:path'
import { buildKube } from './go-build.ts'
import { runCommand } from './run-command.ts'
import { cacheFolder, parseSource } from './source.ts'
import type { Command, Environment, Source } from './source.ts'

export interface Binaries {
  readonly etcd: Command
  readonly apiserver: Command
  /** Not among the usual assets of kubebuilder: then no garbage collection, namespaces never end, no default accounts. */
  readonly controllerManager: Command | undefined
  readonly kubectl: Command
}

export interface FindOptions {
  readonly env: Environment
  readonly log: (line: string) => void
}

/** Programs to start a control plane of one's own. Where the source is a cluster that exists, there are none to find. */
export async function findBinaries(options: FindOptions): Promise<Binaries> {
  const source = parseSource(options.env)
  switch (source.kind) {
    case 'assets':
      return await findAssets(source.folder)
    case 'built':
      return await findBuilt(options)
    case 'kubeconfig':
    case 'kind':
      throw new Error(
        `An API server of one's own, to stop and start, is what a cluster from ${describeSource(source)} cannot offer. ` +
          'Unset PORTCULLIS_TEST_KUBECONFIG and PORTCULLIS_TEST_CLUSTER to use the built one.',
      )
  }
}

export async function findKubectl(env: Environment): Promise<Command> {
  const inAssets = env['KUBEBUILDER_ASSETS'] ? path.resolve(env['KUBEBUILDER_ASSETS'], 'kubectl') : undefined
  if (inAssets && (await isExecutable(inAssets))) return { file: inAssets, args: [] }
  const version = await runCommand('kubectl', ['version', '--client']).catch(() => undefined)
  if (version?.exitCode === 0) return { file: 'kubectl', args: [] }
  throw new Error('An existing cluster needs kubectl in PATH; install it from https://kubernetes.io/docs/tasks/tools/.')
}

async function findBuilt({ env, log }: FindOptions): Promise<Binaries> {
  const file = await buildKube(definedOnly(env), { cache: cacheFolder(env), log })
  const part = (name: string): Command => ({ file, args: ['--until-stdin-closes', name] })
  return {
    etcd: part('etcd'),
    apiserver: part('apiserver'),
    controllerManager: part('controller-manager'),
    kubectl: { file, args: ['kubectl'] },
  }
}

async function findAssets(folder: string): Promise<Binaries> {
  const missing: string[] = []
  const program = async (name: string, required: boolean): Promise<string | undefined> => {
    const file = path.join(folder, name)
    if (await isExecutable(file)) return file
    if (required) missing.push(name)
    return undefined
  }
  const [etcd, apiserver, kubectl, manager] = await Promise.all([
    program('etcd', true),
    program('kube-apiserver', true),
    program('kubectl', true),
    program('kube-controller-manager', false),
  ])
  if (!etcd || !apiserver || !kubectl) {
    throw new Error(
      `KUBEBUILDER_ASSETS has no ${missing.join(', no ')}. \`setup-envtest use -p path\` prints a complete folder.`,
    )
  }
  return {
    etcd: guarded(etcd),
    apiserver: guarded(apiserver),
    controllerManager: manager === undefined ? undefined : guarded(manager),
    kubectl: { file: kubectl, args: [] },
  }
}

/**
 * Programs that know nothing of their owner are watched by a shell: it becomes the program (same process id), while a child
 * of the shell waits for the end of the input and then kills it.
 */
export function guarded(file: string): Command {
  const script = 'exec 3<&0; (cat <&3 >/dev/null; kill -9 $$ 2>/dev/null) & exec "$@" 3<&- </dev/null'
  return { file: '/bin/sh', args: ['-c', script, 'sh', file] }
}

function describeSource(source: Source): string {
  return source.kind === 'kind' ? 'kind' : 'PORTCULLIS_TEST_KUBECONFIG'
}

function definedOnly(env: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]])),
  )
}

async function isExecutable(file: string): Promise<boolean> {
  return await access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}
