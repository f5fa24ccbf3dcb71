// Where things are kept: one table for the records, one private bucket for the files.
import { MEDIA_TABLE } from "./blueprint/tables.ts";

export function createStorage() {
  return { table: createTable(), files: createBucket() };
}

function createTable() {
  const { name, partitionKey, sortKey, timeToLive, sweepIndex } = MEDIA_TABLE;
  return new sst.aws.Dynamo(name, {
    fields: {
      [partitionKey]: "string",
      [sortKey]: "string",
      [sweepIndex.partitionKey]: "string",
      [sweepIndex.sortKey]: "string",
    },
    primaryIndex: { hashKey: partitionKey, rangeKey: sortKey },
    globalIndexes: {
      [sweepIndex.name]: {
        hashKey: sweepIndex.partitionKey,
        rangeKey: sweepIndex.sortKey,
        projection: "keys-only",
      },
    },
    ttl: timeToLive,
    deletionProtection: isProduction(),
    transform: { table: { pointInTimeRecovery: { enabled: true } } },
  });
}

function createBucket() {
  const files = new sst.aws.Bucket("MediaFiles", {
    enforceHttps: true,
    // For origins that are known when the API is: openToPages.
    cors: false,
    versioning: isProduction(),
    transform: {
      // A stage that is only a try goes with its files; production's bucket is never emptied by a deploy.
      bucket: { forceDestroy: !isProduction() },
    },
  });

  new aws.s3.BucketServerSideEncryptionConfiguration("MediaFilesEncryption", {
    bucket: files.name,
    rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" }, bucketKeyEnabled: true }],
  });
  new aws.s3.BucketOwnershipControls("MediaFilesOwnership", {
    bucket: files.name,
    rule: { objectOwnership: "BucketOwnerEnforced" },
  });
  new aws.s3.BucketLifecycleConfiguration("MediaFilesLifecycle", {
    bucket: files.name,
    rules: [
      // A function that dies in the middle of a copy leaves parts that are invisible and billed.
      {
        id: "abort-partial-uploads",
        status: "Enabled",
        filter: { prefix: "" },
        abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
      },
      // Most videos are watched in their first month.
      {
        id: "cool-old-videos",
        status: "Enabled",
        filter: { prefix: "videos/" },
        transitions: [{ days: 30, storageClass: "INTELLIGENT_TIERING" }],
      },
      // An upload is a copy of what its sender has; the generation made of it keeps its own.
      { id: "forget-uploads", status: "Enabled", filter: { prefix: "uploads/" }, expiration: { days: 7 } },
      // What was replaced or deleted by mistake can be had back for a month.
      {
        id: "forget-old-versions",
        status: "Enabled",
        filter: { prefix: "" },
        noncurrentVersionExpiration: { noncurrentDays: 30 },
        expiration: { expiredObjectDeleteMarker: true },
      },
    ],
  });
  return files;
}

/**
 * Lets pages of these origins use the links and places that they were given: read a file by script, whole or in ranges, and put one.
 * Without a link, no caller can read or write the bucket.
 */
export function openToPages(files: sst.aws.Bucket, origins: $util.Input<string>[]): void {
  new aws.s3.BucketCorsConfiguration("MediaFilesCors", {
    bucket: files.name,
    corsRules: [
      {
        allowedMethods: ["GET", "HEAD", "PUT"],
        allowedOrigins: origins,
        allowedHeaders: ["*"],
        // What a script has to ask for to read them: the rest of a file, and the name it is kept under.
        exposeHeaders: ["Content-Range", "Content-Disposition", "ETag"],
        maxAgeSeconds: 3600,
      },
    ],
  });
}

/** Where the only copy of the users' work is kept. */
function isProduction(): boolean {
  return $app.stage === "production";
}
