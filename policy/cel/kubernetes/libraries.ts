// What the API server adds to CEL, for engines whose authors know it from there. (Lists and regular expressions are with the
// standard libraries.)
import type { Library } from '../check/signature.ts'
import { format } from './format.ts'
import { network } from './network.ts'
import { quantity } from './quantity.ts'
import { semver } from './semver.ts'
import { url } from './url.ts'

export const kubernetesLibraries: readonly Library[] = [network, quantity, semver, url, format]
