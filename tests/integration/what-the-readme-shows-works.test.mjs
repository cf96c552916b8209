// The commands of README.md, in both languages, are ones that these programs take.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { BIN, ROOT } from './harness.mjs';

const blocks = (text) => [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map((m) => m[1]);

for (const name of ['README.md', 'README.es.md'])
	test(`${name}: the push server alone starts with the settings shown`, () => {
		const dir = mkdtempSync(join(tmpdir(), 'charla-'));
		const shown = blocks(readFileSync(join(ROOT, name), 'utf8')).flatMap((block) => block.split('\n')).filter((line) => / push-server --/.test(line));
		assert.ok(shown.length > 0);
		try {
			for (const line of shown) {
				const { status, stdout, stderr } = spawnSync('sh', ['-c', `${line} --check-config`], { cwd: dir, encoding: 'utf8', env: { PATH: `${BIN}:/usr/bin:/bin` } });
				assert.equal(status, 0, `${line}\n${stdout}${stderr}`);
			}
		} finally {
			rmSync(dir, { recursive: true, force: true });
		}
	});

for (const name of ['README.md', 'README.es.md'])
	test(`${name}: fcgi-app knows each option shown`, () => {
		const text = readFileSync(join(ROOT, name), 'utf8');
		const known = spawnSync(join(BIN, 'fcgi-app'), ['--help'], { encoding: 'utf8' }).stdout;
		const shown = new Set([...text.matchAll(/fcgi-app (--[a-z-]+)/g)].map((m) => m[1]));
		assert.ok(shown.size > 5);
		for (const option of shown)
			assert.ok(known.includes(option), option);
	});
