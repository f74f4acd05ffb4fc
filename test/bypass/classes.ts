// Every case of this suite stands under its class and its protocol, so that what was tried can be counted.
import { describe } from 'vitest'
import type { ClassName, classes } from './class-list.ts'

/** Every case stands in one of these: what is tried, and on which protocol. hack/bypass reads the title. */
export function attack<Class extends ClassName>(
  name: Class,
  protocol: (typeof classes)[Class][number],
  cases: () => void,
): void {
  describe(`${name}: ${protocol}`, () => {
    cases()
  })
}
