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
type Pattern = NonNullable<DataClass['patterns']>[number]
type Dictionary = NonNullable<DataClass['dictionaries']>[number]

export interface CompiledClasses {
  readonly classes: readonly CompiledClass[]
  readonly problems: readonly Problem[]
}

/**
 * States of automata. Of patterns together, whose check takes time that grows with them; of one dictionary, as the engine has it; and of
 * all of one policy, half of what an engine takes.
 */
const maxStates = { patterns: 20_000, dictionary: 120_000, all: 200_000 } as const

export function compileClasses(policy: BundlePolicy): CompiledClasses {
  const steps = compileClassesInSteps(policy)
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  return step.value
}

/** Yields after whatever may take a while, so that its driver can let others run. */
export function* compileClassesInSteps(policy: BundlePolicy): Generator<void, CompiledClasses> {
  const { dataClasses = [] } = policy.spec
  if (dataClasses.length === 0) return noClasses
  const patterns = dataClasses.flatMap((dataClass) => dataClass.patterns ?? [])
  // What cannot be read weighs nothing here: it is refused by itself.
  const weight: Weight = { states: patterns.reduce((sum, { pattern }) => sum + (weigh(pattern) ?? 0), 0) }
  if (weight.states > maxStates.patterns) return refuseAll(dataClasses, 'its patterns')
  const problems: Problem[] = []
  const classes: CompiledClass[] = []
  for (const [i, dataClass] of dataClasses.entries()) {
    const work = new ClassWork(policy, { dataClass, path: `spec.dataClasses[${i}]`, weight })
    classes.push(yield* work.compile())
    problems.push(...work.problems)
    if (weight.states > maxStates.all) return refuseAll(dataClasses, 'its patterns and dictionaries')
  }
  return { classes, problems }
}

const noClasses: CompiledClasses = { classes: [], problems: [] }

interface Weight {
  states: number
}

/** Undefined: it cannot be read. */
function weigh(pattern: string): number | undefined {
  const parsed = parsePattern(pattern)
  return 'error' in parsed ? undefined : countStates(parsed.node)
}

function refuseAll(dataClasses: readonly DataClass[], what: string): CompiledClasses {
  const message = `${what} are too large together; shorten them, or make several policies of it`
  // Their names stay, so that nothing is told of masks and rules that speak of them.
  const classes = dataClasses.map(({ name, fields = [] }) => ({ name, detectors: [], fields }))
  return { classes, problems: [{ path: 'spec.dataClasses', reason: 'Invalid', message }] }
}

interface ClassPlace {
  readonly dataClass: DataClass
  readonly path: string
  readonly weight: Weight
}

class ClassWork {
  readonly problems: Problem[] = []
  readonly #policy: BundlePolicy
  readonly #dataClass: DataClass
  readonly #path: string
  readonly #weight: Weight

  constructor(policy: BundlePolicy, { dataClass, path, weight }: ClassPlace) {
    this.#policy = policy
    this.#dataClass = dataClass
    this.#path = path
    this.#weight = weight
  }

  *compile(): Generator<void, CompiledClass> {
    const { name, detectors = [], patterns = [], dictionaries = [], fields = [] } = this.#dataClass
    this.#refuseTwins()
    this.#refuseEmpty()
    const found = new Set(detectors.flatMap((wanted, i) => this.#find(wanted, `${this.#path}.detectors[${i}]`)))
    for (const [i, pattern] of patterns.entries()) {
      for (const detector of this.#toPattern(pattern, `${this.#path}.patterns[${i}]`)) found.add(detector)
      yield
    }
    for (const [i, dictionary] of dictionaries.entries()) {
      for (const detector of this.#toDictionary(dictionary, `${this.#path}.dictionaries[${i}].configMapRef`))
        found.add(detector)
      yield
    }
    for (const [i, field] of fields.entries()) this.#checkField(field, `${this.#path}.fields[${i}]`)
    return { name, detectors: [...found], fields }
  }

  #refuse(path: string, reason: Problem['reason'], message: string): readonly never[] {
    this.problems.push({ path, reason, message })
    return []
  }

  #find(wanted: string, path: string): readonly Detector[] {
    const found = findDetectors(wanted)
    return found ?? this.#refuse(path, 'NotFound', `there is no such detector or pack; ${toAdvice(wanted)}`)
  }

  #refuseEmpty(): void {
    const { detectors, patterns, dictionaries, fields } = this.#dataClass
    if ([detectors, patterns, dictionaries, fields].some((source) => source !== undefined)) return
    const message = 'it would find nothing; give it at least one of detectors, patterns, dictionaries and fields'
    this.#refuse(this.#path, 'Invalid', message)
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

  #toPattern(pattern: Pattern, path: string): readonly Detector[] {
    const detector = toCustomDetector({ ...pattern, name: this.#nameOf(pattern.name), class: this.#dataClass.name })
    if (!('problems' in detector)) return [detector]
    this.problems.push(...detector.problems.map((problem) => ({ ...problem, path: `${path}.${problem.path}` })))
    return []
  }

  #toDictionary(dictionary: Dictionary, path: string): readonly Detector[] {
    const terms = this.#policy.dictionaries?.[toDictionaryKey(dictionary)]
    if (terms === undefined) {
      const { name, key } = dictionary.configMapRef
      const message = `the terms are not here: ConfigMap ${name} of this namespace needs the key ${key}, one term on each line`
      return this.#refuse(path, 'NotFound', message)
    }
    const name = this.#nameOf(dictionary.name)
    const detector = toDictionaryDetector({ name, class: this.#dataClass.name, terms })
    if ('problem' in detector) return this.#refuse(path, 'Invalid', detector.problem)
    const states = weigh(detector.pattern) ?? Infinity
    if (states > maxStates.dictionary) return this.#refuse(path, 'Invalid', 'too large; make several lists of it')
    this.#weight.states += states
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
