// Checks a connection and finds a person:
// RETOOL_API_TOKEN=… node example.js https://acme.retool.com ada@example.com
import { Organisation, RetoolError } from "retool-lifecycle";

const [baseUrl, email] = process.argv.slice(2);
if (baseUrl === undefined || email === undefined) {
  throw new Error("usage: node example.js BASE-URL ADDRESS");
}

const acme = new Organisation(
  { baseUrl, dialect: "auto" },
  {
    tokens: { RETOOL_API_TOKEN: process.env.RETOOL_API_TOKEN ?? "" },
    variables: { RETOOL_DEADLINE_MS: "30000" },
  },
);

const report = await acme.call("diagnostics", "checkConnection", []);
console.log(`healthy: ${report.healthy}, dialect ${report.dialect}, ${report.userCount} people`);
for (const check of report.checks) {
  console.log(`  ${check.status.padEnd(7)} ${check.name}: ${check.detail}`);
}

try {
  const user = await acme.call("directory", "findUser", [{ tag: "email", val: email }]);
  console.log(user ? `${user.email} is ${user.id.tag}:${user.id.val}` : `${email} is not there`);
} catch (error) {
  if (!(error instanceof RetoolError)) {
    throw error;
  }
  console.log(`${error.payload.tag}: ${error.message}`);
}
