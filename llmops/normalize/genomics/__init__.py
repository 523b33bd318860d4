"""Genomic metadata: VCF headers and Phenopackets."""
