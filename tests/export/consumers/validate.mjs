// Khronos' validator: no errors and no warnings.  node validate.mjs HEAD.glb...
import { readFileSync } from 'node:fs';
import validator from 'gltf-validator';

let failed = false;
for (const path of process.argv.slice(2)) {
  const report = await validator.validateBytes(new Uint8Array(readFileSync(path)));
  const { numErrors, numWarnings, messages } = report.issues;
  console.log(`validator  ${path}: ${numErrors} errors, ${numWarnings} warnings`);
  for (const message of messages.filter(({ severity }) => severity <= 1).slice(0, 10)) {
    console.log(`  ${message.code} ${message.pointer}: ${message.message}`);
  }
  failed ||= numErrors + numWarnings > 0;
}
process.exit(failed ? 1 : 0);
