##### Working on it

# air passes what follows -- to the server, and its signals too.
.PHONY: watch
watch: .tools/air ## Run the server as `make run` does, and restart it on every change. ADDR=127.0.0.1:8080 DATA=.data
	@exec .tools/air -c tools/watch/air.toml -- -local -addr "$$ADDR" -data "$$DATA"

.tools/air: tools/watch/go.mod tools/watch/go.sum
	@echo "building air"
	@GOWORK=off go build -C tools/watch -o ../../$@ github.com/air-verse/air

# Git runs what is in this folder; it is the clone's setting and is not inherited.
.PHONY: hooks
hooks: ## Let Git check what is committed and pushed, with tools/hooks
	@git config core.hooksPath tools/hooks
	@echo 'Git runs tools/hooks from now on; `git config --unset core.hooksPath` ends it'
