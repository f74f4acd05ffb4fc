// Names that kubectl resolves must mean one kind: compares the kinds of one release with each other.
import type { Crd } from '../generate/crd.ts'
import type { CrdProblem } from './lint.ts'

export function findDuplicateNames(crds: readonly Crd[]): readonly CrdProblem[] {
  const owners = new Map<string, string>()
  return crds.flatMap((crd) => {
    const { kind, plural, shortNames = [] } = crd.spec.names
    return [kind.toLowerCase(), plural, ...shortNames].flatMap((name) => {
      const owner = owners.get(name)
      owners.set(name, crd.metadata.name)
      return owner === undefined ? [] : [toProblem(name, owner, crd.metadata.name)]
    })
  })
}

function toProblem(name: string, owner: string, other: string): CrdProblem {
  const message = `the name ${name} belongs to both ${owner} and ${other}; kubectl would pick one of them`
  return { path: 'spec.names', reason: 'DuplicateName', message }
}
