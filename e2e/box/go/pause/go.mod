// The container that holds a pod's namespaces.
module anneal.dev/box/pause

go 1.24.0
