# `sam build` builds the layers of packages with these rules. $(MACHINE) is Python's name of the processor architecture.
# Layers contain bytecode, because Lambda's folders are read-only and each cold start would compile again. Builds are
# reproducible: they contain no times and no local paths.

PACKAGES := $(ARTIFACTS_DIR)/python
POWERTOOLS := $(PACKAGES)/aws_lambda_powertools/utilities

# Install wheels for Amazon Linux 2023 or older. All packages are pinned, so no dependencies are resolved.
define install
	python3.13 -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --only-binary=:all: --require-hashes \
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
	# Remove modules that no function imports.
	cd $(POWERTOOLS) && rm -r auth_alpha circuit_breaker data_masking feature_flags idempotency kafka \
	    metadata parameters parser streaming validation
	rm -r $(PACKAGES)/pydantic/mypy.py $(PACKAGES)/pydantic/v1
	$(compile)

.PHONY: build-TokensLayer
build-TokensLayer:
	$(call install,tokens)
	# cryptography needs only the compiled part of cffi.
	rm -r $(PACKAGES)/cffi $(PACKAGES)/pycparser
	$(compile)
