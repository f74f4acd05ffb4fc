// The data classes of a policy, compiled to detectors and places. Once for each policy, whatever connections it meets: what is found
// does not depend on the protocol, and automata are worth keeping.
import type { InferencePolicySpec } from '../crds/generated/inference-policy.ts'
import type { BundlePolicy } from './bundle.ts'
import { countStates } from './masking/automata/nfa.ts'
import { toCustomDetector } from './masking/custom.ts'
import type { CompiledClass } from './masking/demand.ts'
import type { Detector } from './masking/detector.ts'
import { toDictionaryDetector } from './masking/dictionary.ts'
import { parsePointer } from './masking/framing/overlay.ts'
import { detectorNames, findDetectors, packNames } from './masking/packs.ts'
import { parsePattern } from './masking/pattern.ts'
import type { Problem } from './problem.ts'

type DataClass = NonNullable<InferencePolicySpec['dataClasses']>[number]
type Dictionary = NonNullable<DataClass['dictionaries']>[number]

export interface CompiledClasses {
  readonly classes: readonly CompiledClass[]
  readonly problems: readonly Problem[]
}

/** Of automata: of one pattern or dictionary, as the engine has it, and of all of one policy, which is half of that of an engine. */
const maxStates = { one: 120_000, all: 200_000 } as const

export function compileClasses(policy: BundlePolicy): CompiledClasses {
  const { dataClasses = [] } = policy.spec
  if (dataClasses.length === 0) return noClasses
  const works = dataClasses.map((dataClass, i) => new ClassWork(policy, dataClass, `spec.dataClasses[${i}]`))
  const classes = works.map((work) => work.compile())
  const problems = works.flatMap((work) => work.problems)
  if (works.reduce((sum, { states }) => sum + states, 0) > maxStates.all) {
    const message = 'its patterns and dictionaries are too large together; shorten them, or make several policies of it'
    problems.push({ path: 'spec.dataClasses', reason: 'Invalid', message })
  }
  return { classes, problems }
}

const noClasses: CompiledClasses = { classes: [], problems: [] }

class ClassWork {
  readonly problems: Problem[] = []
  /** Of what is the policy's own. */
  states = 0
  readonly #policy: BundlePolicy
  readonly #dataClass: DataClass
  readonly #path: string

  constructor(policy: BundlePolicy, dataClass: DataClass, path: string) {
    this.#policy = policy
    this.#dataClass = dataClass
    this.#path = path
  }

  compile(): CompiledClass {
    const { name, detectors = [], patterns = [], dictionaries = [], fields = [] } = this.#dataClass
    this.#refuseTwins()
    if (detectors.length + patterns.length + dictionaries.length + fields.length === 0) {
      const message = 'it would find nothing; give it at least one of detectors, patterns, dictionaries and fields'
      this.#refuse(this.#path, 'Invalid', message)
    }
    const found = [
      ...detectors.flatMap((wanted, i) => this.#find(wanted, `${this.#path}.detectors[${i}]`)),
      ...patterns.flatMap((_, i) => this.#toPattern(i)),
      ...dictionaries.flatMap((_, i) => this.#toDictionary(i)),
    ]
    for (const [i, field] of fields.entries()) this.#checkField(field, `${this.#path}.fields[${i}]`)
    return { name, detectors: [...new Set(found)], fields }
  }

  #refuse(path: string, reason: Problem['reason'], message: string): readonly never[] {
    this.problems.push({ path, reason, message })
    return []
  }

  #find(wanted: string, path: string): readonly Detector[] {
    const found = findDetectors(wanted)
    return found ?? this.#refuse(path, 'NotFound', `there is no such detector or pack; ${toAdvice(wanted)}`)
  }

  /** Under one name records could not tell them apart. */
  #refuseTwins(): void {
    const { patterns = [], dictionaries = [] } = this.#dataClass
    for (const [i, { name }] of dictionaries.entries()) {
      if (!patterns.some((pattern) => pattern.name === name)) continue
      this.#refuse(`${this.#path}.dictionaries[${i}].name`, 'Conflict', 'a pattern of this class has the same name')
    }
  }

  #nameOf(name: string): string {
    const { namespace, name: policy } = this.#policy.ref
    return `${namespace}/${policy}/${this.#dataClass.name}/${name}`
  }

  #toPattern(i: number): readonly Detector[] {
    const { patterns = [], name: dataClass } = this.#dataClass
    const pattern = patterns[i]
    if (pattern === undefined) return []
    const detector = toCustomDetector({ ...pattern, name: this.#nameOf(pattern.name), class: dataClass })
    const path = `${this.#path}.patterns[${i}]`
    if (!('problems' in detector)) return this.#weigh(detector, `${path}.pattern`)
    this.problems.push(...detector.problems.map((problem) => ({ ...problem, path: `${path}.${problem.path}` })))
    return []
  }

  #toDictionary(i: number): readonly Detector[] {
    const dictionary = this.#dataClass.dictionaries?.[i]
    if (dictionary === undefined) return []
    const path = `${this.#path}.dictionaries[${i}].configMapRef`
    const terms = this.#policy.dictionaries?.[toDictionaryKey(dictionary)]
    if (terms === undefined) {
      const { name, key } = dictionary.configMapRef
      const message = `the terms are not here: ConfigMap ${name} of this namespace needs the key ${key}, one term on each line`
      return this.#refuse(path, 'NotFound', message)
    }
    const name = this.#nameOf(dictionary.name)
    const detector = toDictionaryDetector({ name, class: this.#dataClass.name, terms })
    return 'problem' in detector ? this.#refuse(path, 'Invalid', detector.problem) : this.#weigh(detector, path)
  }

  #weigh(detector: Detector, path: string): readonly Detector[] {
    const parsed = parsePattern(detector.pattern)
    const states = 'error' in parsed ? Infinity : countStates(parsed.node)
    if (states > maxStates.one)
      return this.#refuse(path, 'Invalid', 'too large to be run; shorten it, or make several of it')
    this.states += states
    return [detector]
  }

  #checkField(field: string, path: string): void {
    const problem = findFieldProblem(field)
    if (problem !== undefined) this.#refuse(path, 'Invalid', problem)
  }
}

/** By which a bundle carries the terms. */
export function toDictionaryKey({ configMapRef: { name, key } }: Pick<Dictionary, 'configMapRef'>): string {
  return `${name}/${key}`
}

/** What cannot be a place anywhere. Whether there is a declared field of a name, each connection says. */
export function findFieldProblem(field: string): string | undefined {
  if (!isPointer(field) || parsePointer(field) !== undefined) return undefined
  return 'not a JSON pointer; write it as /metadata/patient, with ~0 for ~ and ~1 for /'
}

export function isPointer(field: string): boolean {
  return field.startsWith('/')
}

function toAdvice(wanted: string): string {
  const near = detectorNames.filter((name) => isNear(toLetters(name), toLetters(wanted)))
  if (near.length > 0) return `did you mean ${near.slice(0, 3).join(' or ')}?`
  return `packs are ${packNames.join(', ')}; single detectors are listed in policy/masking/DETECTORS.md`
}

function toLetters(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}

/** One is part of the other, or they differ by a slip of the pen. */
function isNear(one: string, other: string): boolean {
  const [short, long] = one.length < other.length ? [one, other] : [other, one]
  return (short.length >= 3 && long.includes(short)) || distance(one, other) <= 2
}

/** Levenshtein's. Names are short. */
function distance(one: string, other: string): number {
  let above = Array.from({ length: other.length + 1 }, (_, i) => i)
  for (let row = 1; row <= one.length; row += 1) {
    const here = [row]
    for (let column = 1; column <= other.length; column += 1) {
      const same = one[row - 1] === other[column - 1] ? 0 : 1
      const [left = 0, up = 0, corner = 0] = [here[column - 1], above[column], above[column - 1]]
      here.push(Math.min(left + 1, up + 1, corner + same))
    }
    above = here
  }
  return above.at(-1) ?? 0
}
