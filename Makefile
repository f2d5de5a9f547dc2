# The few commands that people use. Deployment needs cargo-lambda, the AWS SAM CLI and AWS credentials.

FUNCTIONS := $(sort $(patsubst functions/%/Cargo.toml,%,$(wildcard functions/*/Cargo.toml)))
ARCHITECTURE ?= arm64
STACK ?= organizations
# More parameters of template.yaml, as in: make deploy PARAMETERS="MailFrom=no-reply@acme.example MailIdentity=acme.example", or
# a YAML file of them, which takes any value: make deploy PARAMETERS=file://parameters.yaml
PARAMETERS ?=
# The API's address, where it has one of its own.
ISSUER ?=

# What stands in events for what only the caller knows.
PLACEHOLDERS := USER_TOKEN ORG_CODE USER_ID CLIENT_ID CLIENT_SECRET API_KEY LINK_TOKEN

ifeq ($(ARCHITECTURE),arm64)
TARGET := --arm64
else
TARGET := --x86-64
endif

.PHONY: run test fuzz clients docs build deploy watch invoke bench bench-import bench-instructions access

run: ## the whole API on this machine
	cargo run

test: ## every test
	cargo test

fuzz: ## each fuzz target for so many seconds: make fuzz SECONDS=600
	.ci/fuzz $(or $(SECONDS),20)

# make clients, or make clients CLIENTS="python go"
clients: ## clients in TypeScript, Python and Go, into target/clients/
	clients/generate $(CLIENTS)

docs: ## the guides and the reference as a static site, in target/site
	cargo xtask site

build: ## every function, once, into target/lambda/
	cargo lambda build --release $(TARGET) $(addprefix --package ,$(FUNCTIONS))

# The address is known once the stack is there: the first deployment has a second step, which tells it to the functions. From then on
# SAM keeps what isn't named anew.
deploy: build ## to AWS
	@set -e; \
	stack() { aws cloudformation describe-stacks --stack-name $(STACK) --query "Stacks[0].$$1" --output text; }; \
	deploy() { sam deploy --stack-name $(STACK) --parameter-overrides Release=$$(date +%s) Architecture=$(ARCHITECTURE) $${1:+Issuer=$$1} $(PARAMETERS); }; \
	deploy "$(ISSUER)"; \
	url=$$(stack "Outputs[?OutputKey=='ApiUrl'].OutputValue"); \
	issuer=$$(stack "Parameters[?ParameterKey=='Issuer'].ParameterValue"); \
	if [ "$$issuer" = https://unset.invalid ]; then issuer=$$url; deploy "$$issuer"; fi; \
	echo "The organizations API is at $$url, its tokens' issuer is $$issuer"

watch: ## the functions as Lambdas on port 9000, over the table and the mailbox of a running `make run`
	cargo lambda watch --invoke-address ::1 --invoke-port 9000 --env-file events/local.env

# make invoke FUNCTION=organizations EVENT=get-organization TOKEN=…
# The other placeholders of events are variables too, as in: make invoke FUNCTION=auth EVENT=revoke-credential TOKEN=… CLIENT_ID=…
invoke: ## an event of events/, with a token put in, while `make watch` runs
	@mkdir -p target
	@sed -e 's/Bearer TOKEN/Bearer $(TOKEN)/' $(foreach name,$(PLACEHOLDERS),-e 's/$(name)/$($(name))/g') events/$(EVENT).json > target/event.json
	cargo lambda invoke --invoke-port 9000 $(FUNCTION) --data-file target/event.json

bench: ## what a start, a call and a million calls cost
	cargo build --release $(addprefix --package ,$(FUNCTIONS)) --package bench
	cargo run --release --package bench --bin bench

bench-import: ## an import of 100,000 rows, stopped twice, and what a row costs
	cargo run --release --package bench --bin bench-import

bench-instructions: ## instructions of the hot paths, under valgrind
	cargo run --release --package bench --bin bench-instructions

access: ## writes tests/access.json: what each function needs of the table
	ACCESS=$(CURDIR)/tests/access.json cargo test --features lambda --test api
