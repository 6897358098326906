// usage: node hcl.mjs FILE...: tells of each Terraform file that HashiCorp's own parser refuses, or its formatter changes.
import { readFileSync } from "node:fs";
import { format } from "@cdktf/hcl-tools";
import { parse } from "@cdktf/hcl2json";

for (const path of process.argv.slice(2)) {
  const text = readFileSync(path, "utf8");
  try {
    await parse(path, text);
    if ((await format(text)) !== text) {
      throw new Error("is not formatted");
    }
  } catch (error) {
    console.error(`${path}: ${error.message ?? error}`);
    process.exitCode = 1;
  }
}
