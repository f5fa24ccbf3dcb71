import js from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["node_modules", ".sst", "**/sst-env.d.ts", ".local", ".web", ".client", ".stryker", "coverage"] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ["eslint.config.js"] } } },
    rules: {
      eqeqeq: ["error", "smart"],
      "no-console": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/require-await": "off",
      // `declare namespace` gives KlingGenerationMode.PRO its type, as the enum of the original application had it
      "@typescript-eslint/no-namespace": ["error", { allowDeclarations: true }],
    },
  },
  {
    // What runs inside SST has a tsconfig of its own, and globals that SST declares with a triple-slash reference.
    files: ["sst.config.ts", "stacks/*.ts"],
    languageOptions: { parserOptions: { projectService: false, project: "stacks/tsconfig.cloud.json" } },
    rules: { "@typescript-eslint/triple-slash-reference": "off" },
  },
  {
    files: ["functions/**", "shared/**"],
    rules: {
      "no-restricted-imports": [
        "error",
        { name: "zod", message: "Take zod/mini: zod costs every cold start 30 to 40 ms more (docs/decisions.md)." },
      ],
    },
  },
  { files: ["stacks/{fal-simulator,local,offline,operator,web}/**", "test/**"], rules: { "no-console": "off" } },
  {
    files: ["test/**"],
    rules: {
      // vitest's asymmetric matchers (`expect.any`) are typed `any`, and its spies are unbound methods
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/unbound-method": "off",
    },
  },
  { files: ["**/*.js"], ...tseslint.configs.disableTypeChecked },
);
