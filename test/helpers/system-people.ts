// People of a team on a real API server: what a cluster's administrator gives them, and nothing else.
import type { System } from './system.ts'

/** A kubeconfig of somebody with the built-in role `role` in one namespace, usable at once. */
export async function addPerson(
  system: System,
  name: string,
  { namespace, role }: { readonly namespace: string; readonly role: 'admin' | 'edit' | 'view' },
): Promise<string> {
  const user = await system.cluster.user(name)
  const binding = [`--clusterrole=${role}`, `--user=${name}`, '-n', namespace]
  const made = await system.cluster.kubectl(['create', 'rolebinding', name.replace('@', '-'), ...binding])
  if (made.exitCode !== 0) throw new Error(made.stderr)
  // The controllers add our rules to the built-in roles some time after they were installed.
  const probe = ['auth', 'can-i', 'get', 'modelconnections.portcullis.dev', '-n', namespace]
  await system.until(
    async () => (await system.cluster.kubectl(probe, { user })).stdout.startsWith('yes'),
    `the role of ${name}`,
  )
  return user
}
