// The struct `variables` of one policy. Its shape is made once, when the policy is compiled, because making properties costs more
// than most rules; a call adds only who works out the values.

/** Gives the value of the variable at that position. Throws EvaluationFailed. */
export type ReadVariable = (at: number) => unknown

export type ToVariables = (read: ReadVariable) => object

/** `whole`: an expression takes the struct as a value, which is then a map whose entries must be its own. */
export function buildVariables(names: readonly string[], whole: boolean): ToVariables {
  if (whole) return (read) => defineAll({}, names, () => read)
  class Variables {
    readonly #read: ReadVariable

    constructor(read: ReadVariable) {
      this.#read = read
    }

    static readerOf(variables: Variables): ReadVariable {
      return variables.#read
    }
  }
  defineAll(Variables.prototype, names, (self) => Variables.readerOf(self))
  return (read) => new Variables(read)
}

function defineAll<Target extends object>(
  target: Target,
  names: readonly string[],
  readerOf: (self: Target) => ReadVariable,
): Target {
  for (const [at, name] of names.entries()) {
    Object.defineProperty(target, name, {
      enumerable: true,
      configurable: true,
      get(this: Target) {
        return readerOf(this)(at)
      },
    })
  }
  return target
}
