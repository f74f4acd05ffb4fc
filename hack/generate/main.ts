// `npm run generate`: writes the TypeScript types of the three kinds into crds/generated/ and the field references into
// their manual pages.
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { CRD_FOLDER, generate, readCrds } from './generate.ts'

mkdirSync(path.join(CRD_FOLDER, 'generated'), { recursive: true })
for (const [file, text] of generate(readCrds())) {
  writeFileSync(path.join(CRD_FOLDER, file), text)
  process.stdout.write(`wrote crds/${file}\n`)
}
