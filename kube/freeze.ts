// Makes an object that came from outside immutable all the way down, since everybody who reads a cache shares it.

export function deepFreeze<T>(value: T): T {
  const pending: unknown[] = [value]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next !== 'object' || next === null || Object.isFrozen(next)) continue
    Object.freeze(next)
    for (const part of Object.values(next)) pending.push(part)
  }
  return value
}
