// The one error class of this process. What users do wrong is a Problem, what the API server refuses a KubeError, and what only a
// change from outside heals a StalledError (runtime/outcome.ts); this is for the rest.

export const operatorErrorCodes = {
  /** The port is taken, or the address is not one of this machine's. */
  cannot_listen: 'the admin port cannot be opened; choose another PORTCULLIS_ADMIN_HOST or PORTCULLIS_ADMIN_PORT',
} as const

export type OperatorErrorCode = keyof typeof operatorErrorCodes

export class OperatorError extends Error {
  override readonly name = 'OperatorError'
  readonly code: OperatorErrorCode

  constructor(code: OperatorErrorCode, options?: ErrorOptions) {
    super(operatorErrorCodes[code], options)
    this.code = code
  }
}
