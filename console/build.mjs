// Bundles src/ into dist/ and writes down the licences of everything that went in.
import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
process.chdir(here);

/** GraphiQL's stylesheet embeds Roboto and Fira Code; the console uses the system's fonts. */
const systemFonts = {
  name: "system-fonts",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]graphiql[\\/]dist[\\/]style\.css$/ }, async ({ path }) => {
      const css = await readFile(path, "utf8");
      return { contents: css.replace(/@font-face\s*\{[^}]*\}/g, ""), loader: "css" };
    });
  },
};

await rm("dist", { recursive: true, force: true });
await mkdir("dist");
const { metafile } = await build({
  entryPoints: ["src/console.tsx"],
  outdir: "dist",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  define: { "process.env.NODE_ENV": '"production"' },
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
  plugins: [systemFonts],
});
await copyFile("src/index.html", "dist/index.html");
await copyFile("src/icon.svg", "dist/icon.svg");

const used = new Set();
for (const output of Object.values(metafile.outputs)) {
  for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
    const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
    if (folder && bytesInOutput > 0) used.add(folder);
  }
}
/** The MIT licence's own words, for packages that name it without shipping it. */
const mit = (await readFile("node_modules/graphiql/LICENSE", "utf8")).replace(/^[^]*?Copyright.*$/m, "");
const notices = [];
for (const folder of used) {
  const about = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const { name, version, license } = about;
  const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
  const texts = await Promise.all(files.sort().map((file) => readFile(join(folder, file), "utf8")));
  let text = texts.join("\n").trim();
  if (!text && license === "MIT") {
    const author = about.author?.name ?? about.author ?? `the authors of ${name}`;
    text = `Copyright (c) ${author}\n\n${mit.trim()}`;
  }
  if (!text) throw new Error(`${name} (${license}) has no licence text`);
  notices.push({ name: `${name} ${version}`, license, text });
}
notices.sort((a, b) => (a.name < b.name ? -1 : 1));
await writeFile(
  "dist/LICENSES.txt",
  `console.js and console.css contain these packages.\n\n${notices
    .map(({ name, license, text }) => `${"=".repeat(72)}\n${name} (${license})\n\n${text}\n`)
    .join("\n")}`,
);

for (const file of (await readdir("dist")).sort()) {
  console.log(`${String((await stat(join("dist", file))).size).padStart(8)}  dist/${file}`);
}
