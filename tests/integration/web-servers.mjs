/** The web servers of the tests, on our own conf files with other values: see harness.mjs for their names. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** Our conf file with other values in its block of variables ("var.x = ", "Define X "). */
function configure(file, values) {
	let text = readFileSync(join(ROOT, 'conf', file), 'utf8');
	for (const [name, value] of Object.entries(values)) {
		const line = new RegExp(`^(var\\.${name}\\s*= |Define ${name} ).*$`, 'm');
		if (!line.test(text))
			throw new Error(`conf/${file} has no ${name}`);
		text = text.replace(line, (_, left) => left + value);
	}
	return text;
}

function lighttpdCommand(place, server, port, pushPort) {
	const { dir } = place;
	const isCgi = server === 'lighttpd-cgi';
	const text = configure(isCgi ? 'lighttpd-spawn.conf' : `${server}.conf`, {
		www: `"${place.www}"`, api_socket: `"${join(dir, 'api.sock')}"`, push_port: pushPort, bind: '"127.0.0.1"', port,
		user: '""', upload_dir: `"${dir}"`, error_log: `"${join(dir, 'web.log')}"`,
		...(server === 'lighttpd' ? {} : { program: `"${join(place.bin, 'fcgi-app')}"` }),
	});
	writeFileSync(join(place.conf, 'lighttpd.conf'), isCgi ? text + lighttpdCgi(place) : text);
	return ['lighttpd', '-D', '-f', join(place.conf, 'lighttpd.conf')];
}

/** The program is called for each request; lighttpd hands on only the environment that it is told. */
const lighttpdCgi = (place) => `
server.modules += ( "mod_alias", "mod_cgi" )
$HTTP["url"] =~ "^/(api|broadcasting)(/|$)" {
    fastcgi.server := ( )
    alias.url = ( "/api" => var.program, "/broadcasting" => var.program )
    cgi.assign = ( "" => "" )
    setenv.set-environment = ( "ENV_FILE" => "${place.envFile}" )
}
`;

const apacheCgi = (place) => `

SetEnv ENV_FILE "${place.envFile}"
`;

const APACHE_MODULES = ['mpm_event', 'authz_core', 'dir', 'mime', 'alias', 'env', 'setenvif', 'headers', 'filter', 'deflate', 'reqtimeout',
	'rewrite', 'proxy', 'proxy_http', 'proxy_wstunnel', 'proxy_fcgi'];
const APACHE_MODULE_DIRS = ['/usr/lib/apache2/modules', '/usr/lib64/httpd/modules', '/usr/lib/httpd/modules'];

function apacheCommand(place, server, port, pushPort) {
	const { dir } = place;
	const modules = APACHE_MODULE_DIRS.find((path) => existsSync(path));
	const isFcgid = server !== 'apache-proxy', isCgi = server.startsWith('apache-cgi');
	let site = configure(isFcgid ? 'apache-fcgid.conf' : 'apache-proxy-fcgi.conf', {
		CHARLA_WWW: place.www, CHARLA_CONF: place.conf, CHARLA_PUSH: `127.0.0.1:${pushPort}`, CHARLA_ADDRESS: `127.0.0.1:${port}`,
		...(isFcgid ? { CHARLA_LIB: place.bin } : { CHARLA_API_SOCKET: join(dir, 'api.sock') }),
	});
	if (isCgi)
		site = site.replace('fcgid-script', 'cgi-script').replace(/^Fcgid.*$/gm, '') + apacheCgi(place, server);
	writeFileSync(join(place.conf, 'site.conf'), site);
	// The distribution's own part: everything that is not Charla's.
	writeFileSync(join(place.conf, 'apache.conf'), [
		`ServerRoot "${dir}"`, 'ServerName localhost', `PidFile "${dir}/apache.pid"`, `Listen 127.0.0.1:${port}`,
		`ErrorLog "${join(dir, 'web.log')}"`, `Mutex file:${dir}`, `DefaultRuntimeDir "${dir}"`, 'TypesConfig /etc/mime.types', 'GracefulShutdownTimeout 2',
		...[...APACHE_MODULES, isFcgid ? server.slice('apache-'.length) : 'fcgid'].map((name) => `LoadModule ${name}_module ${modules}/mod_${name}.so`),
		...(isFcgid && !isCgi ? [`FcgidIPCDir "${dir}"`, `FcgidProcessTableFile "${dir}/fcgid.shm"`, `FcgidInitialEnv ENV_FILE "${place.envFile}"`] : []),
		`Include "${join(place.conf, 'site.conf')}"`, ''].join('\n'));
	return ['apache2', '-DFOREGROUND', '-f', join(place.conf, 'apache.conf')];
}

/** It starts fcgi-app by itself. */
export const isSpawning = (server) => server !== 'lighttpd' && server !== 'apache-proxy';

/** Writes the conf. place: where everything lies. */
export function webCommand(place, server, port, pushPort) {
	return (server.startsWith('lighttpd') ? lighttpdCommand : apacheCommand)(place, server, port, pushPort);
}
