# METADATA
# title: No custom resource that owns data is deleted
# description: Operators delete a database with the resource that describes it.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/extend-kubernetes/operator/
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/data-owners-stay
#   severity: critical
#   remedy: >-
#     Keep it; or annotate it with sluice.dev/allow-delete set to "true" in one revision, and delete it in a later
#     one.
#   parameters:
#     protectedKinds: >-
#       Kinds that own data, each as Kind.group, or as Kind for the core group (array of texts; those of well-known
#       operators).
package library.change_safety.data_owners_stay

import data.library.lib.changeset
import data.library.lib.parameters

deny contains message if some message in parameters.wrong({"protectedKinds": "array"})

# With a Delivery goes all that it applied, and no rule is asked about that: the Delivery is the one deletion to judge.
known := [
	"Delivery.sluice.dev",
	"Cluster.postgresql.cnpg.io",
	"postgresql.acid.zalan.do",
	"PostgresCluster.postgres-operator.crunchydata.com",
	"MongoDBCommunity.mongodbcommunity.mongodb.com",
	"PerconaXtraDBCluster.pxc.percona.com",
	"PerconaServerMongoDB.psmdb.percona.com",
	"MariaDB.k8s.mariadb.com",
	"MySQLCluster.mysql.presslabs.org",
	"InnoDBCluster.mysql.oracle.com",
	"Redis.redis.redis.opstreelabs.in",
	"RedisCluster.redis.redis.opstreelabs.in",
	"Kafka.kafka.strimzi.io",
	"KafkaTopic.kafka.strimzi.io",
	"RabbitmqCluster.rabbitmq.com",
	"Elasticsearch.elasticsearch.k8s.elastic.co",
	"OpenSearchCluster.opensearch.opster.io",
	"CassandraDatacenter.cassandra.datastax.com",
	"ScyllaCluster.scylla.scylladb.com",
	"ClickHouseInstallation.clickhouse.altinity.com",
	"Tenant.minio.min.io",
	"CephCluster.ceph.rook.io",
	"CephBlockPool.ceph.rook.io",
	"CephFilesystem.ceph.rook.io",
	"VolumeSnapshot.snapshot.storage.k8s.io",
	"VolumeSnapshotContent.snapshot.storage.k8s.io",
]

protected := {kind | some kind in parameters.value("protectedKinds", known)}

deny contains {"msg": message, "operation": operation.id} if {
	some operation in changeset.removals
	qualified(operation) in protected
	not changeset.consents(operation)
	message := sprintf(
		"%s %s and the data in it%s",
		[changeset.verb(operation), changeset.name(operation), changeset.doubt(operation)],
	)
}

qualified(operation) := operation.gvk.kind if operation.gvk.group == ""

else := concat(".", [operation.gvk.kind, operation.gvk.group])
