# How `sam build` makes the layers of packages. $(MACHINE) is the processor that they are for, as Python calls it.
# Lambda's folders are read-only, so without bytecode each start would compile what it loads. A layer depends on nothing
# but the packages: no time, no path of this machine.

PACKAGES := $(ARTIFACTS_DIR)/python
POWERTOOLS := $(PACKAGES)/aws_lambda_powertools/utilities

# Wheels for Amazon Linux 2023 and older; all packages are pinned, so none is looked for.
define install
	python3.13 -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --only-binary=:all: \
	    --implementation cp --python-version 3.13 --target $(PACKAGES) --requirement $(1)/requirements.txt \
	    --platform manylinux2014_$(MACHINE) --platform manylinux_2_28_$(MACHINE) --platform manylinux_2_34_$(MACHINE)
	rm -rf $(PACKAGES)/bin $(PACKAGES)/*.dist-info/RECORD
	find $(PACKAGES) '(' -name '*.pyi' -o -name py.typed ')' -delete
endef

define compile
	python3.13 -m compileall -q --invalidation-mode unchecked-hash -s $(ARTIFACTS_DIR) -p /opt $(PACKAGES)
endef

.PHONY: build-DependenciesLayer
build-DependenciesLayer:
	$(call install,dependencies)
	# What none of the functions loads.
	cd $(POWERTOOLS) && rm -r auth_alpha circuit_breaker data_masking feature_flags idempotency kafka \
	    metadata parameters parser streaming validation
	rm -r $(PACKAGES)/pydantic/mypy.py $(PACKAGES)/pydantic/v1
	$(compile)

.PHONY: build-TokensLayer
build-TokensLayer:
	$(call install,tokens)
	# Of cffi, cryptography loads the compiled part only.
	rm -r $(PACKAGES)/cffi $(PACKAGES)/pycparser
	$(compile)
