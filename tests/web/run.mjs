// The pages in a real browser: node run.mjs [--dir DIR of a running stack] [journey …]

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Harness, TOP, startStack } from './harness.mjs';

const { values, positionals } = parseArgs({ options: { dir: { type: 'string' } }, allowPositionals: true });
const stack = startStack(values.dir);
let harness;
try {
	harness = await Harness.start(stack);
	const files = readdirSync(path.join(TOP, 'tests/web/journeys')).filter((f) => f.endsWith('.mjs')).sort();
	for (const file of files) {
		if (positionals.length === 0 || positionals.includes(path.basename(file, '.mjs')))
			await (await import(`./journeys/${file}`)).default(harness);
	}
} finally {
	await harness?.browser.close();
	stack.stop();
}
console.log(`${harness.passed} passed, ${harness.failed} failed`);
process.exit(harness.failed ? 1 : 0);
