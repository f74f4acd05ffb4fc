// Decides where the Kubernetes of a test run comes from. Pure: the environment comes in as a value. The order is from the
// most explicit wish to the default, and nothing here ever falls back to a person's own ~/.kube/config.
import path from 'node:path'

/** A program with its leading arguments, for example the one binary and the part of it to run. */
export interface Command {
  readonly file: string
  readonly args: readonly string[]
}

export type Source =
  | { readonly kind: 'kubeconfig'; readonly kubeconfig: string }
  | { readonly kind: 'assets'; readonly folder: string }
  | { readonly kind: 'kind' }
  | { readonly kind: 'built' }

export type Environment = Readonly<Record<string, string | undefined>>

export function parseSource(env: Environment): Source {
  const kubeconfig = env['PORTCULLIS_TEST_KUBECONFIG']
  if (kubeconfig) {
    if (env['PORTCULLIS_TEST_KUBECONFIG_ALLOWED'] !== 'yes') {
      throw new Error(
        'PORTCULLIS_TEST_KUBECONFIG names a cluster, but the tests install CRDs, RBAC and admission policies there and ' +
          'delete them again. If that cluster is meant for it, also set PORTCULLIS_TEST_KUBECONFIG_ALLOWED=yes.',
      )
    }
    return { kind: 'kubeconfig', kubeconfig: path.resolve(kubeconfig) }
  }
  if (env['KUBEBUILDER_ASSETS']) return { kind: 'assets', folder: path.resolve(env['KUBEBUILDER_ASSETS']) }
  const wish = env['PORTCULLIS_TEST_CLUSTER']
  if (wish === 'kind') return { kind: 'kind' }
  if (wish && wish !== 'built') {
    throw new Error('PORTCULLIS_TEST_CLUSTER knows two values: kind, and built (the default).')
  }
  return { kind: 'built' }
}

/** Outside the tree, because `git clean` and a second clone should not cost a build of minutes. */
export function cacheFolder(env: Environment): string {
  const base = env['XDG_CACHE_HOME'] || (env['HOME'] ? path.join(env['HOME'], '.cache') : undefined)
  if (!base) throw new Error('Neither XDG_CACHE_HOME nor HOME is set: there is no place to keep the built binary.')
  return path.join(base, 'portcullis')
}
