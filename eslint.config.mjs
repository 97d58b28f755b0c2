import pulumi from "@pulumi/eslint-plugin";
import prettier from "eslint-config-prettier";
import jest from "eslint-plugin-jest";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["node_modules", ".lab", "coverage", "**/*.{js,mjs,cjs}"] },
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { "@pulumi": pulumi },
    rules: {
      "@pulumi/no-output-in-template-literal": "error",
      "@pulumi/no-output-instance-in-template-literal": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      // Components are created for their effect on the graph.
      "no-new": "off",
    },
  },
  {
    // Data walks from one room to the next, and no room reaches back. docs/architecture.md
    files: ["clusters/**/*.ts"],
    rules: { "no-restricted-imports": ["error", { patterns: ["**/components/**"] }] },
  },
  {
    files: ["mesh/**/*.ts"],
    rules: { "no-restricted-imports": ["error", { patterns: ["**/clusters/**", "**/components/**"] }] },
  },
  { files: ["test/**/*.ts"], ...jest.configs["flat/recommended"] },
  prettier,
);
