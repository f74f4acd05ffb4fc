// The folder of samples as the tour uses it: a copy that it may edit, and the two things it needs to find in there. Folders that
// people own are only read.
import { cp, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Document } from 'yaml'
import type { Found, Wanted } from '../local/documents.ts'
import { findDocument } from '../local/documents.ts'

export interface FolderCopy extends AsyncDisposable {
  readonly folder: string
}

export async function copyFolder(from: string): Promise<FolderCopy> {
  const folder = await mkdtemp(path.join(tmpdir(), 'portcullis-tour-'))
  const remove = async (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    await cp(from, folder, { recursive: true })
  } catch (error) {
    await remove()
    throw error
  }
  return { folder, [Symbol.asyncDispose]: remove }
}

/** What a Secret of the folder holds under one key, plain. */
export async function readSecret(folder: string, secret: Omit<Wanted, 'kind'>, key: string): Promise<string> {
  const { document } = await find(folder, { kind: 'Secret', ...secret })
  const plain = document.getIn(['stringData', key])
  if (typeof plain === 'string') return plain
  const encoded = document.getIn(['data', key])
  if (typeof encoded === 'string') return Buffer.from(encoded, 'base64').toString('utf8')
  throw new Error(`Secret ${secret.namespace}/${secret.name} has no key ${key}`)
}

/** Puts a rule at the end of a policy, as a person would with an editor. Comments and other documents stay. Returns the file's name. */
export async function addRule(folder: string, policy: Omit<Wanted, 'kind'>, rule: object): Promise<string> {
  const { file, documents, document } = await find(folder, { kind: 'InferencePolicy', ...policy })
  document.addIn(['spec', 'rules'], document.createNode(rule))
  const text = documents.map(toText).join('')
  // A rename, as editors do it: nobody reads half a file.
  const draft = `${file}.new`
  await writeFile(draft, text)
  await rename(draft, file)
  return path.relative(folder, file)
}

function toText(document: Document, index: number): string {
  if (document.directives) document.directives.docStart = index > 0 ? true : null
  return document.toString({ lineWidth: 0 })
}

async function find(folder: string, wanted: Wanted): Promise<Found> {
  const found = await findDocument(folder, wanted)
  if (found !== undefined) return found
  throw new Error(`the samples have no ${wanted.kind} ${wanted.namespace}/${wanted.name}`)
}
