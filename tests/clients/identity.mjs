// usage: node identity.mjs PROFILE: prints who the AWS SDK for JavaScript v3 is with that profile.
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromProcess } from "@aws-sdk/credential-provider-process";

const profile = process.argv[2];
const client = new STSClient({ credentials: fromProcess({ profile }), region: "us-east-1", endpoint: process.env.AWS_ENDPOINT_URL });
try {
  console.log((await client.send(new GetCallerIdentityCommand({}))).Arn);
} catch (error) {
  console.error(`JavaScript SDK: ${error.message}`);
  process.exit(1);
}
