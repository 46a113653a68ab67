// Reads Parquet with hyparquet over HTTP ranges, as a page in a browser would.
import { readFileSync } from 'node:fs'
import { asyncBufferFromUrl, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'

const question = JSON.parse(readFileSync(0, 'utf8'))
const file = await asyncBufferFromUrl({ url: question.url, requestInit: { headers: question.headers } })
for (const row of await parquetReadObjects({ file, compressors })) {
  const { obs_value: value, obs_status: status, conf_status: _, ...key } = row
  console.log(JSON.stringify([Object.values(key), value ?? null, status]))
}
