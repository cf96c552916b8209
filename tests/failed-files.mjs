/** A reporter of node --test: the path of each test file in which something failed, a line each. */
export default async function* failedFiles(source) {
	const told = new Set();
	for await (const { type, data } of source)
		if (type === 'test:fail' && data.file && !told.has(data.file)) {
			told.add(data.file);
			yield `${data.file}\n`;
		}
}
